import type { Readiness } from "../../../domain/agents.ts"
import type { ThreadRef, Turn, TurnInput } from "../../../domain/backend.ts"
import { ThreadLostError } from "../../../domain/errors.ts"
import { RunningProcesses } from "../process/running-processes.ts"
import { notReady, startableProgram, stopping, turnErrorOfThrown } from "../process/start-error.ts"
import { backendError } from "../turn/cli-turn.ts"
import { type PerTurnOptions, turnTimeouts } from "./options.ts"
import { ThreadFiles } from "./thread-files.ts"
import { ProcessThreads } from "./threads.ts"
import { ProcessTurn } from "./turn.ts"

/** A turn that is to be run. */
export interface TurnToRun {
  readonly thread: ThreadRef
  readonly input: TurnInput
  /** The answer of the turn before is told before its process is gone. */
  readonly previous: Promise<void>
}

/** An agent on a program that is started anew for each turn. */
export abstract class PerTurnBackend {
  abstract readonly kind: string
  protected readonly files: ThreadFiles
  protected readonly threads: ProcessThreads
  protected readonly stopping = new AbortController()
  readonly #options: PerTurnOptions
  readonly #installStep: string
  readonly #running: RunningProcesses
  /** Turns whose process may still be there; the newest of each thread. */
  readonly #turns = new Map<ThreadRef, ProcessTurn>()
  readonly #living = new Set<ProcessTurn>()

  constructor(options: PerTurnOptions, installStep: string) {
    this.#options = options
    this.#installStep = installStep
    this.files = new ThreadFiles(options.cwd, options.log)
    this.threads = new ProcessThreads(this.files)
    this.#running = options.running ?? new RunningProcesses(options.cwd, options.log)
  }

  /** Runs it to the end of its process. Rejects where there is none to be started. */
  protected abstract run(turn: ProcessTurn, request: TurnToRun): Promise<void>

  /** Ready when the program can be started; a missing log-in shows in the first turn only. */
  async readiness(): Promise<Readiness> {
    try {
      await this.#running.cleaned()
      await this.check()
      return { isReady: true }
    } catch (error) {
      return notReady(error)
    }
  }

  async forkThread(thread: ThreadRef, at: string): Promise<ThreadRef> {
    throw new ThreadLostError(`${this.kind} cannot branch thread ${thread} at turn ${at}`)
  }

  async closeThread(thread: ThreadRef): Promise<void> {
    this.threads.close(thread)
  }

  async deleteThread(thread: ThreadRef): Promise<void> {
    await this.#turns.get(thread)?.settled
    await this.forget(thread)
  }

  startTurn(thread: ThreadRef, input: TurnInput): Turn {
    const { log } = this.#options
    const timeouts = { ...turnTimeouts, ...this.#options.timeouts }
    const turn = new ProcessTurn({ timeouts, running: this.#running, log })
    const previous = this.#turns.get(thread)
    if (previous?.isOver === false) {
      turn.fail(backendError(`A turn of thread ${thread} runs already`))
      turn.settle()
      return turn
    }
    this.#turns.set(thread, turn)
    this.#living.add(turn)
    void this.#run(turn, { thread, input, previous: previous?.settled ?? Promise.resolve() })
    return turn
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await Promise.all([...this.#living].map((turn) => turn.stop()))
    this.threads.stop()
  }

  /** Rejects where the program cannot be used. */
  protected async check(): Promise<void> {
    this.file()
  }

  /** Returns the program's own name of the thread, if it had one. */
  protected forget(thread: ThreadRef): Promise<string | null> {
    return this.threads.delete(thread)
  }

  /** Absolute path of the program. Throws `StartError`. */
  protected file(): string {
    if (this.stopping.signal.aborted) throw stopping()
    return startableProgram(this.#options, this.#installStep)
  }

  async #run(turn: ProcessTurn, request: TurnToRun): Promise<void> {
    try {
      await this.#running.cleaned()
      await this.run(turn, request)
    } catch (error) {
      turn.fail(turnErrorOfThrown(error))
    }
    turn.settle()
    this.#living.delete(turn)
    if (this.#turns.get(request.thread) === turn) this.#turns.delete(request.thread)
  }
}
