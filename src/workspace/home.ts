import { constants, type Stats } from "node:fs"
import { access, chmod, mkdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { ProxyError } from "../domain/errors.ts"
import { fileProblemOf, systemCodeOf } from "../domain/file-problem.ts"

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
 * Makes the home (0700) where it is missing, takes rights of others away from it and from files with secrets, and checks
 * that it can be written to. Resolves to warnings, sentences for people about what was put right. Rejects with `HomeError`.
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
