import { existsSync } from "node:fs"
import { readdir, rm } from "node:fs/promises"
import { join, resolve } from "node:path"
import { lockHome } from "../workspace/home/home-lock.ts"
import type { RunCommand } from "./machine/run-command.ts"
import { ServiceError } from "./machine/service-error.ts"
import type { ServiceManager } from "./machine/service-manager.ts"
import { asUser, type ServiceUser } from "./machine/service-user.ts"
import type { ServicePlan } from "./plan-service.ts"
import { forgetService, prepareHome } from "./prepare-home.ts"
import { enableLinger } from "./systemd/linger.ts"

interface SetUpOptions {
  readonly readFile: (path: string) => string | null
  readonly run: RunCommand
  /** Sentences for people on what was put right, or is left to them. */
  readonly tell: (sentence: string) => void
  /** It is written only, for somebody to start later. */
  readonly isStartSkipped?: boolean
}

/**
 * All that `enable` changes on the machine. Ended at any moment, it leaves each file as it was or as it is to be, and the
 * same again completes it.
 */
export async function setUpService(
  plan: ServicePlan,
  manager: ServiceManager,
  { readFile, run, tell, isStartSkipped = false }: SetUpOptions,
): Promise<void> {
  const { user, spec } = plan
  for (const warning of await asUser(user, () => prepareHome(plan, readFile))) tell(warning)
  if (isStartSkipped) return manager.write(spec)
  if (manager.scope === "user" && manager.name === "systemd") {
    const advice = await enableLinger(user.name, run)
    if (advice !== null) tell(advice)
  }
  await manager.install(spec)
  await manager.restart()
}

interface RemovalOptions {
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
