import { existsSync } from "node:fs"
import { readdir, rm } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { Config } from "../config/config.ts"
import { formatEnvironmentFile, parseEnvironmentFile } from "../config/environment-file.ts"
import { settings } from "../config/settings.ts"
import { inFolderOf, RefusedEntryError } from "../disk/held-folder.ts"
import { removeTemporaries, writeAtomic } from "../disk/write-atomic.ts"
import { controlFile } from "../workspace/agent/agent-control.ts"
import { ensureAgentWorkspace, makeFolder } from "../workspace/agent/agent-workspace.ts"
import { openHome } from "../workspace/home/home.ts"
import { lockHome } from "../workspace/home/home-lock.ts"
import { takeOverHome } from "../workspace/take-over/taken-over-record.ts"
import type { RunCommand } from "./machine/run-command.ts"
import { ServiceError } from "./machine/service-error.ts"
import type { ServiceManager } from "./machine/service-manager.ts"
import { environmentFileOf, secretsFileOf } from "./machine/service-spec.ts"
import { asUser, type ServiceUser } from "./machine/service-user.ts"
import type { ServicePlan } from "./plan-service.ts"
import { enableLinger } from "./systemd/systemd-manager.ts"

interface SetUpOptions {
  readonly readFile: (path: string) => string | null
  readonly run: RunCommand
  /** Sentences for people on what was put right, or is left to them. */
  readonly tell: (sentence: string) => void
  /** It is written only, for somebody to start later. */
  readonly isStartSkipped?: boolean
}

/**
 * All that `enable` changes on the machine. Ended at any moment, it leaves each file as it was or
 * as it is to be, and the same again completes it.
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

/** All that `uninstall` changes. Nothing may be installed: an earlier run was ended half-way. */
export async function removeService(
  manager: ServiceManager,
  user: ServiceUser,
  { home, isPurge }: RemovalOptions,
): Promise<void> {
  await manager.remove()
  await asUser(user, () => forgetService(home))
  if (isPurge) await asUser(user, () => purgeHome(home, user))
}

/** By this name a home is known, also what is left of one after a kill: so it goes last. */
const lockFile = "daemon.lock"

/** A wrong `--home` must not cost anybody their files: only what looks like ours, and unused. */
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

/**
 * Makes the home with the manager's workspace, takes over what release 0.2.0 has left in it, makes
 * the service's environment and its key. To be done with the rights of the service's user. Each
 * file is written whole or not at all; done again after a kill, it completes what is missing.
 */
async function prepareHome(
  plan: ServicePlan,
  readFile: (path: string) => string | null,
): Promise<readonly string[]> {
  const { config, environment, newKey } = plan
  const warnings = [...(await openHome(config.home))]
  await takeOverHome(config.home, config)
  await makeManager(config, (problem) => warnings.push(problem))
  const environmentFile = environmentFileOf(config.home)
  const secretsFile = secretsFileOf(config.home)
  await removeTemporaries(environmentFile)
  await removeTemporaries(secretsFile)
  await writeAtomic(environmentFile, environmentFileText(plan.spec.version, environment))
  if (newKey !== null)
    await writeAtomic(secretsFile, secretsText(secretsFile, readFile(secretsFile) ?? "", newKey))
  return warnings
}

/** Removes what `prepareHome` wrote for the service only; the home stays. */
async function forgetService(home: string): Promise<void> {
  const environmentFile = environmentFileOf(home)
  await rm(environmentFile, { force: true })
  await removeTemporaries(environmentFile)
  await removeTemporaries(secretsFileOf(home))
}

export function environmentFileText(version: string, environment: Readonly<Record<string, string>>): string {
  const head = `# Environment of the service, written by ai-agent-proxy ${version} (enable). It may hold log-ins: keep it to yourself.\n`
  return head + formatEnvironmentFile(environment)
}

/** The other secrets stay. The key comes first: a file that is cut has not lost it alone. */
export function secretsText(path: string, before: string, key: string): string {
  const { [settings.apiKey.variable]: _, ...others } = parseEnvironmentFile(path, before)
  return formatEnvironmentFile({ [settings.apiKey.variable]: key, ...others })
}

async function makeManager(config: Config, onProblem: (problem: string) => void): Promise<void> {
  const manager = { role: "manager", name: null }
  const { path: root } = await ensureAgentWorkspace(config.home, manager, ({ message }) => onProblem(message))
  await inFolderOf({ root, path: controlFile }, false, (folder, name) =>
    removeTemporaries(join(folder.path, name)),
  ).catch((error: unknown) => {
    // That one has been told already.
    if (!(error instanceof RefusedEntryError)) throw error
  })
  await makeFolder(config.workingDirectory)
}
