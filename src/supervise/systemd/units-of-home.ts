import { realpathSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { homeVariable } from "../../config/settings.ts"
import type { ServiceScope } from "../machine/service-manager.ts"
import type { ServiceUser } from "../machine/service-user.ts"
import { type OldUnit, parseOldUnit } from "./old-unit.ts"
import { specOfSystemdUnit } from "./systemd-unit.ts"
import { unitsIn } from "./unit-name.ts"

/** Where the unit of a service is, or is to be, and whose service it is. */
export interface UnitPlace {
  readonly definitionPath: string
  readonly scope: ServiceScope
  readonly user: Pick<ServiceUser, "name" | "uid" | "homeDir">
}

interface UnitOfHome {
  readonly path: string
  /** Release 0.2.0 has written it. */
  readonly isOld: boolean
}

/** Units in the same folder, of ours and of release 0.2.0, whose services take this home, too. What cannot be read is not among them. */
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
