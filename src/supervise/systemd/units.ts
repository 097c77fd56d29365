import { readdirSync, readFileSync, realpathSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { homeVariable } from "../../config/settings.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"
import { ServiceError } from "../machine/service-error.ts"
import type { ServiceManager, ServiceScope } from "../machine/service-manager.ts"
import type { ServiceUser } from "../machine/service-user.ts"
import { type OldUnit, parseOldUnit } from "./old-unit.ts"
import { isOwnUnit, specOfSystemdUnit } from "./systemd-unit.ts"

const defaultUnitName = "ai-agent-proxy.service"

/**
 * As systemd calls it: release 0.2.0 took a name without its ending, which systemd does not read.
 * Throws `ServiceError`.
 */
export function unitNameOf(typed: string): string {
  const name = typed.endsWith(".service") ? typed : `${typed}.service`
  if (/^[\w:.@-]{1,247}\.service$/.test(name) && !name.startsWith(".")) return name
  throw new ServiceError(
    "failure",
    `--service-name: '${typed}' cannot be the name of a unit. Example: my-agents.service`,
  )
}

/** The service of a folder of units: the usual one, else as `enable --service-name` made it. */
export function unitNameIn(folder: string): string {
  const names = unitsIn(folder)
  return names.includes(defaultUnitName) ? defaultUnitName : (names[0] ?? defaultUnitName)
}

/** Units of ours and of release 0.2.0, sorted. Links are somebody else's, or systemd's own. */
function unitsIn(folder: string): readonly string[] {
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

/** Where the unit of a service is, or is to be, and whose service it is. */
export interface UnitPlace {
  readonly definitionPath: string
  readonly scope: ServiceScope
  readonly user: Pick<ServiceUser, "name" | "uid" | "homeDir">
}

/** Null: the manager is not systemd. */
export function unitPlaceOf(
  { name, definitionPath, scope }: ServiceManager,
  user: ServiceUser,
): UnitPlace | null {
  return name === "systemd" ? { definitionPath, scope, user } : null
}

interface UnitOfHome {
  readonly path: string
  /** Release 0.2.0 has written it. */
  readonly isOld: boolean
}

/**
 * Units in the same folder, of ours and of release 0.2.0, whose services take this home, too. What
 * cannot be read is not among them.
 */
export async function otherUnitsOf(home: string, place: UnitPlace): Promise<readonly UnitOfHome[]> {
  const folder = dirname(place.definitionPath)
  const paths = unitsIn(folder)
    .map((name) => join(folder, name))
    .filter((path) => path !== place.definitionPath)
  const found: UnitOfHome[] = []
  for (const path of paths) {
    const text = await readFile(path, "utf8").catch(() => "")
    const old = parseOldUnit(text)
    const taken = old === null ? (specOfSystemdUnit(text)?.home ?? null) : homeOfOldUnit(old, place)
    if (taken !== null && realPath(taken) === realPath(home)) found.push({ path, isOld: old !== null })
  }
  return found
}

/** Null: it does not say, and it is another user's. */
function homeOfOldUnit({ user: owner, environment }: OldUnit, { scope, user }: UnitPlace): string | null {
  // A unit of a user is that user's, whatever stands there.
  const isOfUser = scope === "user" || [user.name, String(user.uid)].includes(owner ?? "root")
  const userHome = environment.HOME ?? (isOfUser ? user.homeDir : null)
  const home = environment[homeVariable] ?? "~/.ai_agent_proxy"
  if (isAbsolute(home)) return home
  if (userHome === null || !(home === "~" || home.startsWith("~/"))) return null
  return join(userHome, home.slice(1))
}

/** The same folder may have several names. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // It is not there yet.
    return resolve(path)
  }
}
