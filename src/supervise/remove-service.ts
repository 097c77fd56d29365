import { existsSync } from "node:fs"
import { readdir, rm } from "node:fs/promises"
import { join, resolve } from "node:path"
import { lockHome } from "../workspace/home-lock.ts"
import { asUser } from "./as-user.ts"
import { forgetService } from "./prepare-home.ts"
import { ServiceError } from "./service-error.ts"
import type { ServiceManager } from "./service-manager.ts"
import type { ServiceUser } from "./service-user.ts"

export interface RemovalOptions {
  /** Absolute. */
  readonly home: string
  /** The home goes, too. */
  readonly isPurge: boolean
}

/** All that `uninstall` changes. Also where nothing is installed any more: an earlier run may have been ended half-way. */
export async function removeService(
  manager: ServiceManager,
  user: ServiceUser,
  { home, isPurge }: RemovalOptions,
): Promise<void> {
  await manager.remove()
  await asUser(user, () => forgetService(home))
  if (isPurge) await asUser(user, () => purgeHome(home, user))
}

/** By this name a home is known, so it goes last: what is left of one after a kill must still be known for it. */
const lockFile = "daemon.lock"

/** A wrong `--home` must not cost a person their files: only what looks like a home of ours, and is in nobody's use. */
async function purgeHome(home: string, user: ServiceUser): Promise<void> {
  if (!existsSync(home)) return
  const names = await readdir(home)
  const isOurs = names.length === 0 || names.includes(lockFile) || names.includes("manager")
  if (!isOurs || home === "/" || home === resolve(user.homeDir)) {
    throw new ServiceError(
      "failure",
      `${home} does not look like a home of this service; it was not deleted.`,
    )
  }
  const lock = await lockHome(home)
  try {
    // Read again: the lock has files of its own.
    for (const name of await readdir(home)) {
      if (name !== lockFile) await remove(join(home, name))
    }
    await remove(home)
  } finally {
    await lock.release()
  }
}

function remove(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 3 })
}
