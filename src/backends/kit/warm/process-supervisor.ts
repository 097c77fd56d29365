import { fullReason } from "../../../domain/agents.ts"
import { messageOf } from "../../../domain/errors.ts"
import type { Log } from "../../../domain/log.ts"
import { StartError, type StartErrorFields, stopping } from "../process/start-error.ts"
import { maxPrintedLength } from "../rpc/json-noise.ts"
import { RpcLostError } from "../rpc/rpc-client.ts"
import type { RpcProcess } from "./rpc-process.ts"

const firstPauseMs = 1_000
const longestPauseMs = 60_000
/** Longest pause that callers wait for a program that has worked: it mends itself. */
const longestWaitMs = 5_000
/** A process that lived this long did not die of its start. */
const healthyLifeMs = 30_000

/** One life of a warm program: a dead one is replaced, never revived. */
export type SupervisedProcess = Pick<
  RpcProcess,
  "isAlive" | "stderrTail" | "strayText" | "exited" | "initialize" | "end"
>

export interface SupervisorOptions<P extends SupervisedProcess> {
  /** Name of the program in messages. */
  readonly program: string
  /** What a person does about a program that does not start. */
  readonly startStep: string
  /** Spawns; throws a `StartError` when there is nothing to spawn. The handshake follows. */
  readonly spawn: () => P
  readonly onStarted: (process: P) => void
  readonly onExited: (process: P, reason: string) => void
  /** Milliseconds, of a clock that nobody sets. */
  readonly now: () => number
  readonly log: Log
}

/**
 * Keeps one process: started by the first who needs it, shared by all, replaced by the next who
 * needs it after its death. The first death is followed by a new start at once; after quick deaths
 * in a row the pause grows from 1 s to 60 s. Callers wait for a short one behind a process that had
 * worked, and else get the last reason instead of one more process; where it had worked, also the
 * time until the next start.
 */
export class ProcessSupervisor<P extends SupervisedProcess> {
  readonly #options: SupervisorOptions<P>
  #starting: Promise<P> | null = null
  #process: P | null = null
  #living = new Set<P>()
  /** Those that others were told of. */
  readonly #started = new Set<P>()
  #quickDeaths = 0
  #notBefore = 0
  /** The last one that died had made its handshake. */
  #hasWorked = false
  /** Why it does not run. */
  #last: Pick<StartError, "reason" | "nextStep" | "detail">
  #isStopped = false

  constructor(options: SupervisorOptions<P>) {
    this.#options = options
    this.#last = { reason: `${options.program} does not start`, nextStep: options.startStep, detail: null }
  }

  /** The live process, if there is one. */
  get current(): P | null {
    return this.#process?.isAlive === true ? this.#process : null
  }

  /** The live process, or a new one. Rejects with `StartError`. */
  async get(): Promise<P> {
    if (this.#isStopped) throw stopping()
    if (this.current !== null) return this.current
    // All who ask during a start wait for it: two processes would fight over the threads.
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null
    })
    return this.#starting
  }

  /** Ends the process, also one that is only starting. Safe twice. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all([...this.#living].map((process) => process.end()))
  }

  async #start(): Promise<P> {
    await this.#pause()
    const process = this.#options.spawn()
    const startedAt = this.#options.now()
    this.#living.add(process)
    void process.exited.then((reason) => {
      this.#living.delete(process)
      this.#died(process, reason, startedAt)
    })
    try {
      await process.initialize()
    } catch (error) {
      await process.end()
      // `exited` has been handled, so the back-off below is that of this death.
      await process.exited
      if (this.#isStopped) throw stopping()
      // A process that was killed for its silence: the silence is the reason, not the signal.
      // Who asks during the pause is told the same.
      if (error instanceof StartError) this.#last = error
      else {
        const isSilent = error instanceof RpcLostError && error.isTimeout
        if (isSilent) this.#last = { ...this.#last, reason: messageOf(error), detail: null }
        const printed = process.strayText.trim().slice(0, maxPrintedLength)
        const detail = `${this.#last.detail ?? ""} it printed: ${printed}`.trim()
        if (printed !== "") this.#last = { ...this.#last, detail }
      }
      throw this.#error({ cause: error })
    }
    if (this.#isStopped) {
      await process.end()
      throw stopping()
    }
    this.#process = process
    this.#started.add(process)
    this.#options.onStarted(process)
    return process
  }

  async #pause(): Promise<void> {
    const waitMs = this.#notBefore - this.#options.now()
    if (waitMs <= 0) return
    if (!this.#hasWorked) throw this.#error()
    if (waitMs > longestWaitMs) throw this.#error({ retryAfterSeconds: Math.ceil(waitMs / 1_000) })
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    if (this.#isStopped) throw stopping()
  }

  #error(fields: Pick<StartErrorFields, "cause" | "retryAfterSeconds"> = {}): StartError {
    const { reason, nextStep, detail } = this.#last
    return new StartError(reason, nextStep, { detail, ...fields })
  }

  #died(process: P, reason: string, startedAt: number): void {
    const { program, startStep } = this.#options
    const lifeMs = this.#options.now() - startedAt
    this.#quickDeaths = lifeMs >= healthyLifeMs ? 0 : this.#quickDeaths + 1
    const pauseMs =
      this.#quickDeaths < 2 ? 0 : Math.min(firstPauseMs * 2 ** (this.#quickDeaths - 2), longestPauseMs)
    this.#notBefore = this.#options.now() + pauseMs
    const stderr = process.stderrTail.trim().split("\n").slice(-3).join("\n")
    this.#last = {
      reason: `${program} ${reason}`,
      nextStep: startStep,
      detail: stderr === "" ? null : stderr,
    }
    this.#hasWorked = this.#started.has(process)
    if (process === this.#process) this.#process = null
    if (!this.#started.delete(process)) return
    if (!this.#isStopped)
      this.#options.log("warn", `the process of ${program} is gone`, {
        reason: fullReason(this.#last),
        pauseMs,
      })
    this.#options.onExited(process, reason)
  }
}
