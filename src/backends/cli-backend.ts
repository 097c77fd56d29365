import path from "node:path"
import type { Capabilities, Limitation, Readiness } from "../domain/agents.ts"
import type { Backend, PastSession, ThreadOptions, ThreadRef, Turn, TurnInput } from "../domain/backend.ts"
import { messageOf } from "../domain/errors.ts"
import { findExecutable } from "../programs/find-executable.ts"
import { CodexBackend } from "./codex/backend.ts"
import { type CodexBackendOptions, codexTimeouts } from "./codex/options.ts"
import { AppServer, appServerCall } from "./codex/program.ts"
import { ExecBackend } from "./exec/backend.ts"
import type { ExecProfile } from "./exec/features.ts"
import type { ExecBackendOptions } from "./exec/options.ts"
import { probeExec } from "./exec/probe.ts"
import { defaultTimeoutMs, type ProbeOptions } from "./kit/process/probe.ts"
import { RunningProcesses } from "./kit/process/running-processes.ts"

type CliBackendOptions = CodexBackendOptions &
  Pick<ExecBackendOptions, "resumesLast" | "isNewcomer" | "toolEndpoint">

/**
 * A codex that can be driven in no way: so old that it knows neither, or it stops at a notice, or
 * was installed by halves. A script of that name may refuse to give help and know exec's arguments
 * all the same.
 */
const brokenCodex =
  /(?:unrecognized|unknown|no such) (?:sub)?command\b.*\bexec\b|new(?:er)? version|update available|missing optional dependency/i

/**
 * An agent on whatever executable the user named: `codex app-server` where it speaks that, and
 * codex's exec arguments otherwise. Which of them is found out by `readiness`, once for each
 * program; a request waits for it only while the agent is not ready yet.
 */
export class CliBackend implements Backend {
  readonly #options: CliBackendOptions
  readonly #codex: Backend
  readonly #running: RunningProcesses
  readonly #stopping = new AbortController()
  #exec: Backend | null = null
  /** Set while that is not what its program could do. */
  #downgrade: Downgrade | null = null
  #isTrying = false
  /** One that is not used any more, with turns that may still run. */
  #retired: Backend | null = null
  #isChosen = false

  constructor(options: CliBackendOptions) {
    this.#options = options
    this.#running = new RunningProcesses(options.cwd, options.log)
    this.#codex = new CodexBackend({ ...options, running: this.#running })
  }

  get kind(): string {
    return this.#chosen.kind
  }

  get changesTools(): boolean {
    return this.#chosen.changesTools
  }

  /** Codex until something else is known: it has the words for what is missing. */
  get #chosen(): Backend {
    return this.#exec ?? this.#codex
  }

  async readiness(): Promise<Readiness> {
    await this.#clean()
    if (!this.#isChosen) await this.#choose()
    // Not waited for: meanwhile it works as it is.
    else if (this.#downgrade?.isDue === true) void this.#tryAgain(this.#downgrade)
    const { permissions, executable } = this.#options
    if (this.#exec !== null && permissions !== "full") {
      return {
        isReady: false,
        reason: `\`${path.basename(executable)}\` is driven by exec's arguments and cannot be kept to the permissions '${permissions}'`,
        nextStep: "Set `permissions` to full in control/agent.json of its folder, or give it another CLI.",
        detail: executable.includes("/") ? executable : null,
      }
    }
    return this.#chosen.readiness()
  }

  async capabilities(): Promise<Capabilities> {
    const capabilities = await (await this.#clean()).capabilities()
    return this.#downgrade === null
      ? capabilities
      : { ...capabilities, limitation: this.#downgrade.limitation }
  }

  async openThread(options: ThreadOptions): Promise<ThreadRef> {
    return (await this.#clean()).openThread(options)
  }

  async resumeThread(thread: ThreadRef, options: ThreadOptions): Promise<void> {
    return (await this.#clean()).resumeThread(thread, options)
  }

  async forkThread(thread: ThreadRef, at: string, options: ThreadOptions): Promise<ThreadRef> {
    return (await this.#clean()).forkThread(thread, at, options)
  }

  async closeThread(thread: ThreadRef): Promise<void> {
    await this.#retired?.closeThread(thread)
    return (await this.#clean()).closeThread(thread)
  }

  async lastSession(folders: readonly string[]): Promise<PastSession | null | undefined> {
    return (await this.#clean()).lastSession?.(folders)
  }

  async renewThread(thread: ThreadRef | null): Promise<void> {
    await (await this.#clean()).renewThread?.(thread)
  }

  async deleteThread(thread: ThreadRef): Promise<void> {
    await this.#retired?.deleteThread(thread)
    return (await this.#clean()).deleteThread(thread)
  }

  startTurn(thread: ThreadRef, input: TurnInput): Turn {
    return this.#chosen.startTurn(thread, input)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([this.#codex, this.#exec, this.#retired].map((backend) => backend?.stop()))
  }

  /** First of all what a killed service left here is ended, whichever CLI that was. */
  async #clean(): Promise<Backend> {
    await this.#running.cleaned()
    return this.#chosen
  }

  async #choose(): Promise<void> {
    const { executable, cwd, env, log, memory } = this.#options
    const file = findExecutable(executable, env.PATH)
    // Nothing to ask: codex's readiness says so, and the next one finds it once it is there.
    if (file === null) return
    try {
      // What is called codex most likely is: asking it first saves half a second of each start.
      const isNamedCodex = path.basename(file) === "codex"
      const said = isNamedCodex ? await this.#askAppServer() : null
      if (isNamedCodex && said === null) {
        this.#isChosen = true
        return
      }
      const options = { cwd, env, signal: this.#stopping.signal, memory: memory.programs }
      const { backend, exec } = await probeExecutable(file, options)
      if (this.#stopping.signal.aborted) return
      // What its app-server said is the reason that readiness tells.
      if (isNamedCodex && (brokenCodex.test(exec.refusal ?? "") || exec.isSilent === true)) return
      if (backend === "exec") {
        const isCodex = exec.isCodex || (isNamedCodex && exec.features.printsJson)
        this.#useExec(isCodex ? (said ?? "it did not answer the probe") : null)
      }
      this.#isChosen = true
    } catch (error) {
      log("debug", "the CLI could not be asked what it speaks", { executable, reason: messageOf(error) })
    }
  }

  /** `downgradedBy`: what the app-server said that it should have; null: nobody expects one. */
  #useExec(downgradedBy: string | null): void {
    const { timeouts: _, ...options } = this.#options
    const { executable, log } = options
    this.#exec = new ExecBackend({ ...options, running: this.#running })
    if (downgradedBy === null) {
      log("info", "the CLI is driven by exec's arguments: every turn starts it anew", { executable })
      return
    }
    this.#downgrade = new Downgrade(downgradedBy, this.#options.now)
    const { reason, detail } = this.#downgrade.limitation
    log("warn", `codex is used with less than it could do: ${reason}`, { executable, reason: detail })
  }

  async #tryAgain(downgrade: Downgrade): Promise<void> {
    if (this.#isTrying) return
    this.#isTrying = true
    const { executable, log } = this.#options
    const said = await this.#askAppServer()
    this.#isTrying = false
    if (this.#stopping.signal.aborted) return
    if (said !== null) {
      const pauseMs = downgrade.again(said)
      log("warn", "codex's app-server still does not answer", { executable, reason: said, pauseMs })
      return
    }
    this.#retired = this.#exec
    this.#exec = null
    this.#downgrade = null
    log("info", "codex's app-server answers again and is used", { executable })
  }

  /** Null: it is one. Else what was in the way. Never rejects. */
  async #askAppServer(): Promise<string | null> {
    try {
      await this.#codex.capabilities()
      return null
    } catch (error) {
      // Whatever it said: the probe asks it in the ways that remain.
      return messageOf(error)
    }
  }
}

interface ExecutableProfile {
  /** Kind of the backend that the program needs. */
  readonly backend: "codex" | "exec"
  readonly exec: ExecProfile
}

/**
 * Which backend a program needs: `codex` when its app-server answers `initialize`, `exec`
 * otherwise.
 *
 * A program that ignores its arguments may take any question for a prompt and act on it, so the
 * questions are few and stop at the first sign of such a program. All are asked with nothing on
 * stdin, in the agent's workspace, bounded, and what they start is killed with them:
 * 1. `exec --help`. Only a help text (exit code 0) that names `--json` is followed by more
 *    questions.
 * 2. `exec resume --help` and `--version`, of programs that evidently parse their arguments.
 * 3. `app-server`, with an `initialize` on stdin.
 *
 * Not for a request's path: it takes up to a second with the real codex. Rejects with `StartError`
 * when the program cannot be run. `file` is an absolute path.
 */
export function probeExecutable(file: string, options: ProbeOptions): Promise<ExecutableProfile> {
  const ask = async (): Promise<ExecutableProfile> => {
    const exec = await probeExec(file, options)
    const isAppServer = exec.features.printsJson && (await speaksAppServer(file, options))
    return { backend: isAppServer ? "codex" : "exec", exec }
  }
  const isDoubtful = ({ backend, exec }: ExecutableProfile) =>
    backend === "exec" && (exec.isCodex || exec.isSilent === true)
  return options.memory.recall("backend", file, ask, isDoubtful)
}

async function speaksAppServer(file: string, options: ProbeOptions): Promise<boolean> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
  const server = new AppServer({
    call: appServerCall(file, options),
    timeouts: { ...codexTimeouts, handshakeMs: timeoutMs, endStepMs: 500 },
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

const firstPauseMs = 60_000
const longestPauseMs = 60 * 60_000

/** A codex is driven by exec though it has, or should have, an app-server: for now. */
export class Downgrade {
  readonly #now: () => number
  #detail: string
  #pauseMs = firstPauseMs
  #notBefore: number

  /** `detail` is what its app-server said; `now`: milliseconds, of a clock that nobody sets. */
  constructor(detail: string, now: () => number = () => performance.now()) {
    this.#now = now
    this.#detail = detail
    this.#notBefore = now() + this.#pauseMs
  }

  get limitation(): Limitation {
    return {
      reason:
        "its app-server does not answer, so each turn starts `codex exec` anew: slower, and without streaming",
      nextStep: "Run `codex app-server` in a terminal as this user to see why. It is tried again by itself.",
      detail: this.#detail,
    }
  }

  get isDue(): boolean {
    return this.#now() >= this.#notBefore
  }

  /** Once more in vain: the pause grows from a minute to an hour. Returns it. */
  again(detail: string): number {
    this.#detail = detail
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs)
    this.#notBefore = this.#now() + this.#pauseMs
    return this.#pauseMs
  }
}
