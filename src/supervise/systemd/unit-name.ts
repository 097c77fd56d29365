import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { systemCodeOf } from "../../domain/file-problem.ts"
import { ServiceError } from "../machine/service-error.ts"
import { parseOldUnit } from "./old-unit.ts"
import { isOwnUnit } from "./systemd-unit.ts"

const defaultUnitName = "ai-agent-proxy.service"

/** As systemd calls it: release 0.2.0 took a name without its ending, which systemd does not read. Throws `ServiceError`. */
export function unitNameOf(typed: string): string {
  const name = typed.endsWith(".service") ? typed : `${typed}.service`
  if (/^[\w:.@-]{1,247}\.service$/.test(name) && !name.startsWith(".")) return name
  throw new ServiceError(
    "failure",
    `--service-name: '${typed}' cannot be the name of a unit. Example: my-agents.service`,
  )
}

/** The name of the service of a folder of units: the usual one, else one under which `enable --service-name` has made it. */
export function unitNameIn(folder: string): string {
  const names = unitsIn(folder)
  return names.includes(defaultUnitName) ? defaultUnitName : (names[0] ?? defaultUnitName)
}

/** All units of ours and of release 0.2.0, sorted by name. Links are somebody else's, or of systemd's own making. */
export function unitsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".service"))
      .flatMap(({ name }) => (name === defaultUnitName || isOurs(join(folder, name)) ? [name] : []))
      .toSorted()
  } catch (error) {
    // There is none, or who asks may not look into it: then nothing is installed for them.
    if (systemCodeOf(error) === "") throw error
    return []
  }
}

function isOurs(path: string): boolean {
  try {
    const text = readFileSync(path, "utf8")
    return text.trim() !== "" && (isOwnUnit(text) || parseOldUnit(text) !== null)
  } catch (error) {
    if (systemCodeOf(error) === "") throw error
    return false
  }
}
