import { ConfigError } from "./config-error.ts"
import { type Assignment, readAssignments } from "./environment-file.ts"
import { nearestName } from "./nearest-name.ts"
import { settings, settingVariables } from "./settings.ts"

const keyVariable = settings.apiKey.variable
const ownPrefix = "AI_AGENT_PROXY_"

/**
 * The API key in `secrets`, with its line; null: the file is not there, or is whole and holds none (comments, or variables
 * of other programs). Whatever looks like damage throws `ConfigError` instead: a key that was lost without a word would
 * leave the service open. `text` null: there is no file.
 */
export function keyInSecrets(path: string, text: string | null): Assignment | null {
  if (text === null) return null
  if (text.trim() === "") {
    throw new ConfigError(
      path,
      null,
      "is empty, as a full disk leaves a file. Put the key back " +
        `(${keyVariable}="..."), or remove the file to serve without a key.`,
    )
  }
  let key: Assignment | null = null
  for (const assignment of readAssignments(path, text)) {
    if (assignment.name === keyVariable) key = assignment
    else refuseMisspelt(path, assignment)
  }
  return key
}

/** A name of ours that does not exist, or one that can only be meant for the key's. */
function refuseMisspelt(path: string, { name, line }: Assignment): void {
  if (settingVariables.has(name)) return
  const isOurs = name.toUpperCase().startsWith(ownPrefix)
  const isTail = keyVariable.endsWith(`_${name.toUpperCase()}`)
  const isNear = nearestName(name, [keyVariable]) !== null && name.length > keyVariable.length / 2
  if (!isOurs && !isTail && !isNear) return
  const meant = isTail ? keyVariable : (nearestName(name, [keyVariable, ...settingVariables]) ?? keyVariable)
  throw new ConfigError(
    `${path}:${line}`,
    null,
    `unknown name ${name}; did you mean ${meant}? Correct it, or remove the line.`,
  )
}
