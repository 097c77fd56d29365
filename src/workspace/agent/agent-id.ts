import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { createOwnFile, readOwnFile } from "../../disk/own-file.ts"
import { ProxyError } from "../../domain/errors.ts"
import { storageFailed, systemCodeOf } from "../../domain/file-problem.ts"

/** No dots and slashes: ids become folder names. A `_` stands between role and name. */
const rolePattern = /^[a-z][a-z0-9-]{0,31}$/
const namePattern = /^[a-z0-9][a-z0-9-]{0,31}$/

/** Folders of the home that are no agents. */
const reserved: ReadonlySet<string> = new Set(["archive", "files", "logs", "state", "secrets"])

/** `manager`, or `role_name`. Throws `RangeError` with a sentence for people. */
export function agentIdOf(role: string, name: string | null): string {
  if (!rolePattern.test(role)) {
    throw new RangeError(
      `The role ${JSON.stringify(role)} must be 1 to 32 lower-case letters, digits or hyphens, beginning with a letter.`,
    )
  }
  if (name === null && reserved.has(role)) {
    throw new RangeError(`The role '${role}' needs a name: a folder of the home is called so already.`)
  }
  if (name === null) return role
  if (!namePattern.test(name)) {
    throw new RangeError(
      `The name ${JSON.stringify(name)} must be 1 to 32 lower-case letters, digits or hyphens, beginning with a letter or digit.`,
    )
  }
  return `${role}_${name}`
}

/** A role or name as ids have it: `Al Ice` becomes `al-ice`. What is no name at all stays. */
export function slugOf(text: string): string {
  // Not with `_`, which stands between role and name.
  if (!/^[a-z0-9][a-z0-9 -]*$/i.test(text)) return text
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
}

/** What a folder's name says; null: it is no agent's. */
export function parseAgentId(id: string): { readonly role: string; readonly name: string | null } | null {
  const [role = "", name = null, ...rest] = id.split("_")
  if (rest.length > 0 || !rolePattern.test(role) || (name !== null && !namePattern.test(name))) return null
  return name === null && reserved.has(role) ? null : { role, name }
}

/** Who the agent is, whatever its folder is called. It goes along into the archive and back. */
const identityFile = "control/identity"
const maxBytes = 1024

/** Of an agent that is hired now; one of before has its id for its identity. */
export function newIdentity(): string {
  return `agent-${randomBytes(12).toString("hex")}`
}

/** Null: it has none yet. Rejects with `agent_control_invalid` for what is none. */
export async function readIdentity(workspace: string): Promise<string | null> {
  const path = join(workspace, identityFile)
  let text: string
  try {
    text = (await readOwnFile({ root: workspace, path: identityFile }, maxBytes)).toString("latin1").trim()
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCodeOf(error))) return null
    throw storageFailed(`${path} cannot be read`, error)
  }
  if (/^[\w-]{1,100}$/.test(text)) return text
  throw new ProxyError(
    "agent_control_invalid",
    `${path} does not hold an agent's identity. Put back what stood there, or delete the file: the agent then begins anew.`,
  )
}

/** Where it has one, that stays. Resolves with the one that it has. Rejects with `ProxyError`. */
export async function giveIdentity(workspace: string, identity: string): Promise<string> {
  const path = join(workspace, identityFile)
  try {
    await createOwnFile({ root: workspace, path: identityFile }, `${identity}\n`)
  } catch (error) {
    throw storageFailed(`${path} cannot be written`, error)
  }
  return (await readIdentity(workspace)) ?? identity
}
