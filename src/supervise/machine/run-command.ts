import { spawn } from "node:child_process"

export interface CommandResult {
  /** Null: it was ended by a signal, or by us after the time. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** There is no such program. */
  readonly isMissing: boolean
}

interface CommandOptions {
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: that of this process; only root can choose. */
  readonly uid?: number
  readonly gid?: number
  readonly cwd?: string
  readonly timeoutMs?: number
}

/** Runs a program to its end with nothing on stdin. Never rejects. */
export type RunCommand = (
  program: string,
  args: readonly string[],
  options?: CommandOptions,
) => Promise<CommandResult>

/** Longer than a start of the service may take, so that the service manager's word comes first. */
const defaultTimeoutMs = 180_000
const maxCharacters = 1024 * 1024

export const runCommand: RunCommand = (program, args, options = {}) =>
  new Promise((resolve) => {
    const { env, timeoutMs = defaultTimeoutMs, ...others } = options
    const child = spawn(program, [...args], {
      ...others,
      env: env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    })
    const said = { stdout: "", stderr: "" }
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] = (said[name] + text).slice(0, maxCharacters)
      })
    }
    child.on("error", (error: NodeJS.ErrnoException) => {
      // Anything but a failed start is followed by `close`.
      if (child.pid === undefined) {
        resolve({ ...said, exitCode: null, stderr: error.message, isMissing: error.code === "ENOENT" })
      }
    })
    // Something that the program left behind may hold its pipes for ever.
    child.on("exit", (exitCode) => {
      const finish = (): void => {
        clearTimeout(timer)
        child.stdout.destroy()
        child.stderr.destroy()
        resolve({ ...said, exitCode, isMissing: false })
      }
      const timer = setTimeout(finish, 500)
      child.on("close", finish)
    })
  })

/** For commands that only look: a service manager that hangs must not hold them up. */
export const runBriefly: RunCommand = (program, args, options) =>
  runCommand(program, args, { ...options, timeoutMs: 5_000 })

/** A word that a shell takes as it is. */
export function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
