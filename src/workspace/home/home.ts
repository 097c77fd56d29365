import { constants, type Stats } from "node:fs"
import { access, chmod, lstat, mkdir, readdir, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { inFolder } from "../../disk/held-folder.ts"
import { writerOf } from "../../disk/write-atomic.ts"
import { ProxyError } from "../../domain/errors.ts"
import { fileProblemOf, systemCodeOf } from "../../domain/file-problem.ts"
import { parseAgentId } from "../agent/agent-id.ts"

/** The home folder cannot be used; the message says why and what to do. */
export class HomeError extends ProxyError {
  /** Absolute path of the home. */
  readonly home: string

  constructor(home: string, message: string, cause?: unknown) {
    super("internal_error", message, { cause })
    this.name = "HomeError"
    this.home = home
  }
}

/** Files of the home that hold keys, or could. */
const privateFiles = ["secrets", "config.toml", "state.db"]

/**
 * Makes the home (0700) where it is missing, takes rights of others away from it and from files
 * with secrets, and checks that it can be written to. Resolves to warnings, sentences for people
 * about what was put right. Rejects with `HomeError`.
 */
export async function openHome(path: string): Promise<readonly string[]> {
  const warnings: string[] = []
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    const found = await stat(path)
    if (!found.isDirectory()) throw new HomeError(path, `${path} is not a folder. ${hint}`)
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    await closeToOthers(path, found, warnings)
    for (const name of privateFiles) {
      const file = join(path, name)
      const stats = await stat(file).catch(ignoreMissing)
      if (stats?.isFile()) await closeToOthers(file, stats, warnings)
    }
  } catch (error) {
    throw error instanceof HomeError ? error : new HomeError(path, explain(path, error), error)
  }
  return warnings
}

const hint = "Set AI_AGENT_PROXY_HOME to a folder that you may write to."

async function closeToOthers(path: string, found: Stats, warnings: string[]): Promise<void> {
  const mode = found.mode & 0o777
  if ((mode & 0o077) === 0) return
  const closed = mode & 0o700
  await chmod(path, closed)
  warnings.push(`${path} was open to other users (mode ${octal(mode)}); it is ${octal(closed)} now.`)
}

function octal(mode: number): string {
  return `0${mode.toString(8).padStart(3, "0")}`
}

function ignoreMissing(error: unknown): null {
  if (systemCodeOf(error) === "ENOENT") return null
  throw error
}

function explain(path: string, error: unknown): string {
  switch (systemCodeOf(error)) {
    case "EACCES":
    case "EPERM":
      return `${path} cannot be used: no permission. ${hint}`
    case "EROFS":
      return `${path} cannot be used: it is on a read-only file system. ${hint}`
    case "EEXIST":
    case "ENOTDIR":
      return `${path} is not a folder, or lies inside something that is none. ${hint}`
    case "ENOSPC":
      return `${path} cannot be made: the disk is full.`
    default:
      return `${path} cannot be used: ${fileProblemOf(error)}. ${hint}`
  }
}

/** Those of earlier releases do not say who writes them: nobody takes so long. */
const oldMs = 10 * 60_000

/** In an agent's folder, wherever the service replaces files. */
const agentFolders = ["", "control", "control/exec-threads", "memory", "notes", "logs", "inbox"]

/**
 * Removes what killed processes of ours have left half-written in the home and the agents' folders,
 * by the exact form of the name, and only where the process is gone that wrote it. To be called
 * before this process writes anything there itself: its own id is that of an earlier one then, as
 * in containers. Resolves with what was removed; what cannot be removed is left.
 */
export async function sweepTemporaries(home: string, now: number): Promise<readonly string[]> {
  const names = await readdir(home)
  const places = [
    { root: home, folder: "" },
    ...(names.includes(".bin") ? [{ root: home, folder: ".bin" }] : []),
    ...names
      .filter((name) => parseAgentId(name) !== null)
      .flatMap((name) => agentFolders.map((folder) => ({ root: join(home, name), folder }))),
  ]
  const removed: string[] = []
  for (const place of places) {
    const sweep = inFolder(place, async ({ path }) => {
      for (const name of await readdir(path)) {
        if (!(await isLeft(join(path, name), name, now))) continue
        await rm(join(path, name), { force: true })
        removed.push(join(place.root, place.folder, name))
      }
    })
    // No such folder, or none that is an agent's own: what is written there comes upon it.
    await sweep.catch(() => {})
  }
  return removed
}

async function isLeft(path: string, name: string, now: number): Promise<boolean> {
  const writer = writerOf(name)
  if (writer === null) return false
  const stats = await lstat(path)
  if (!stats.isFile()) return false
  return writer === 0 ? stats.mtimeMs < now - oldMs : writer === process.pid || !isRunning(writer)
}

/** Whether there is such a process, whoever it belongs to. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as another user.
    return systemCodeOf(error) === "EPERM"
  }
}
