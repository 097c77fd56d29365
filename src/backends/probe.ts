import { defaultTimeouts } from "./codex/options.ts"
import { AppServer, appServerCall } from "./codex/program.ts"
import { type ExecProfile, probeExec } from "./exec/probe.ts"
import { defaultTimeoutMs, type ProbeOptions, sharedMemory } from "./kit/process/probe.ts"

export interface ExecutableProfile {
  /** Kind of the backend that the program needs. */
  readonly backend: "codex" | "exec"
  readonly exec: ExecProfile
}

/**
 * Which backend a program needs: `codex` when its app-server answers `initialize`, `exec` otherwise.
 *
 * A program that ignores its arguments may take any question for a prompt and act on it, so the questions are few and
 * stop at the first sign of such a program. All are asked with nothing on stdin, in the agent's workspace, bounded, and
 * what they start is killed with them:
 * 1. `exec --help`. Only a help text (exit code 0) that names `--json` is followed by more questions.
 * 2. `exec resume --help` and `--version`, of programs that evidently parse their arguments.
 * 3. `app-server`, with an `initialize` on stdin.
 *
 * Not for a request's path: it takes up to a second with the real codex. Rejects with `StartError` when the program
 * cannot be run. `file` is an absolute path.
 */
export function probeExecutable(file: string, options: ProbeOptions): Promise<ExecutableProfile> {
  const memory = options.memory ?? sharedMemory
  const ask = async (): Promise<ExecutableProfile> => {
    const exec = await probeExec(file, options)
    const isAppServer = exec.features.printsJson && (await speaksAppServer(file, options))
    return { backend: isAppServer ? "codex" : "exec", exec }
  }
  const isDoubtful = ({ backend, exec }: ExecutableProfile) =>
    backend === "exec" && (exec.isCodex || exec.isSilent === true)
  return memory.recall("backend", file, ask, isDoubtful)
}

async function speaksAppServer(file: string, options: ProbeOptions): Promise<boolean> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
  const server = new AppServer({
    call: appServerCall(file, options),
    timeouts: { ...defaultTimeouts, handshakeMs: timeoutMs, endStepMs: 500 },
    log: () => {},
    onNotification: () => {},
    onRequest: () => {},
    isNeeded: () => false,
  })
  const abort = () => void server.end()
  options.signal?.addEventListener("abort", abort)
  try {
    await server.initialize()
    return true
  } catch {
    // It died, was silent, or said something else: not an app-server, whatever it is.
    options.signal?.throwIfAborted()
    return false
  } finally {
    options.signal?.removeEventListener("abort", abort)
    await server.end()
  }
}
