import type { ThreadRef } from "../../../domain/backend.ts"
import type { TurnError } from "../../../domain/errors.ts"
import type { BackendContext } from "../backend-context.ts"
import { RunningProcesses } from "../process/running-processes.ts"
import { justEnded, proxyErrorOf } from "../process/start-error.ts"
import { agentStopped, backendError, type CliTurn } from "../turn/cli-turn.ts"
import { ProcessSupervisor } from "./process-supervisor.ts"
import type { RpcProcess } from "./rpc-process.ts"

export interface RpcBackendOptions extends Pick<BackendContext, "cwd" | "onEvent" | "log"> {
  /** Shared by those that run in the same workspace. */
  readonly running?: RunningProcesses
  /** Milliseconds; for the pauses between restarts. */
  readonly now?: () => number
}

/** A turn in one of the lives of the program. */
interface RpcTurn<P> extends CliTurn {
  /** Null: nothing of it was sent. */
  readonly process: P | null
}

export interface RunningProgram<P, S> {
  readonly process: P
  /** What this process has of the agent's threads. */
  readonly sessions: S
}

/** An agent on one warm process with many threads: started when needed, replaced when dead. */
export abstract class RpcBackend<P extends RpcProcess, S, T extends RpcTurn<P>> {
  readonly kind: string
  protected readonly processes: RunningProcesses
  protected readonly supervisor: ProcessSupervisor<P>
  /** The running ones. */
  protected readonly turns = new Map<ThreadRef, T>()
  protected isStopped = false
  readonly #onEvent: BackendContext["onEvent"]
  #current: RunningProgram<P, S> | null = null

  /** `startStep`: what a person does about a program that does not start. */
  constructor(kind: string, startStep: string, options: RpcBackendOptions) {
    const { cwd, log, onEvent, now = () => performance.now() } = options
    this.kind = kind
    this.#onEvent = onEvent
    this.processes = options.running ?? new RunningProcesses(cwd, log)
    this.supervisor = new ProcessSupervisor<P>({
      program: kind,
      startStep,
      spawn: () => this.spawn(),
      onStarted: (process) => this.#started(process),
      onExited: (process, reason) => this.#exited(process, reason),
      now,
      log,
    })
  }

  async stop(): Promise<void> {
    this.isStopped = true
    await this.supervisor.stop()
    this.endTurns(null, agentStopped)
  }

  protected abstract spawn(): P

  /** It has made its handshake. */
  protected abstract started(process: P): S

  /** True: it was meant to end. */
  protected abstract exited(process: P): boolean

  /** The process of these is gone, or another took its place. */
  protected abstract drop(sessions: S): void

  /** Null: no process runs. */
  protected get sessions(): S | null {
    return this.#current?.sessions ?? null
  }

  /** The live process, or a new one. Rejects with `ProxyError`. */
  protected async running(): Promise<RunningProgram<P, S>> {
    try {
      const process = await this.supervisor.get()
      if (this.#current?.process === process) return this.#current
      throw justEnded(this.kind)
    } catch (error) {
      throw proxyErrorOf(error)
    }
  }

  /** False: one runs already, so this has failed. A CLI would take it for input of that one. */
  protected begin(thread: ThreadRef, turn: T, what = "thread"): boolean {
    if (this.turns.has(thread)) {
      turn.fail(backendError(`A turn of ${what} ${thread} runs already`))
      return false
    }
    this.turns.set(thread, turn)
    return true
  }

  protected hasEnded(thread: ThreadRef, turn: T): void {
    if (this.turns.get(thread) === turn) this.turns.delete(thread)
  }

  /** Turns of `process`, or all. */
  protected endTurns(process: P | null, error: TurnError): void {
    for (const turn of [...this.turns.values()]) {
      if (process === null || turn.process === process) turn.fail(error)
    }
  }

  #started(process: P): void {
    const before = this.#current
    if (before !== null) this.drop(before.sessions)
    this.#current = { process, sessions: this.started(process) }
    this.#onEvent({ type: "process.started", pid: process.pid })
  }

  #exited(process: P, reason: string): void {
    if (this.#current?.process === process) {
      this.drop(this.#current.sessions)
      this.#current = null
    }
    const isExpected = this.exited(process) || this.isStopped
    const message = `${this.kind} ${reason} in the middle of the turn`
    this.endTurns(
      process,
      this.isStopped ? agentStopped : { code: "backend_died", message, modelStatus: null },
    )
    this.#onEvent({ type: "process.exited", pid: process.pid, reason, ...(isExpected && { isExpected }) })
  }
}
