import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { mainProgram } from "./main-program.ts"
import { waitFor } from "./wait-for.ts"

export interface DaemonProcess {
  readonly child: ChildProcess
  readonly pid: number
  /** As the daemon logged it. */
  readonly url: string
  /** Everything on stderr so far. */
  readonly output: () => string
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<{ readonly code: number | null; readonly signal: string | null }>
}

export interface DaemonProcessOptions {
  /** The user's home directory; the service's home is below it. */
  readonly userHome: string
  readonly env: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  /** Of the program and its arguments: what starts it, such as `unshare`, and takes its process. */
  readonly wrap?: (program: readonly string[]) => readonly string[]
}

/** The command line's own process, not waited for; `as`: of another user, which needs root. */
export function spawnCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  as: { readonly uid?: number; readonly gid?: number } = {},
): ChildProcess {
  return spawn(process.execPath, [mainProgram, ...args], { env, stdio: ["ignore", "pipe", "pipe"], ...as })
}

/** `ai-agent-proxy daemon` as a process of its own, on a free port, once it says that it listens. */
export async function startDaemonProcess(options: DaemonProcessOptions): Promise<DaemonProcess> {
  const env = { ...options.env, AI_AGENT_PROXY_HOME: join(options.userHome, ".ai_agent_proxy") }
  const program = [process.execPath, mainProgram, "daemon", "--port", "0", ...(options.args ?? [])]
  const [file = "", ...args] = options.wrap?.(program) ?? program
  const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"] })
  let output = ""
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output += text
  })
  const exited = once(child, "exit")
  const url = await waitFor(
    () => {
      if (child.exitCode !== null) throw new Error(`the daemon ended: ${output}`)
      return /listening on (http:\S+?)"/.exec(output)?.[1]
    },
    { what: "the daemon to listen", timeoutMs: 60_000 },
  )
  return {
    child,
    pid: child.pid ?? -1,
    url,
    output: () => output,
    stop: async (signal = "SIGTERM") => {
      child.kill(signal)
      await exited
      return { code: child.exitCode, signal: child.signalCode }
    },
  }
}
