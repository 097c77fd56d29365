import { randomUUID } from "node:crypto"
import type { TurnError } from "../../../domain/errors.ts"
import type { ContentPart, Item } from "../../../domain/items.ts"
import type { Log } from "../../../domain/log.ts"
import type { TurnEvent } from "../../../domain/turn-events.ts"
import type { Usage } from "../../../domain/usage.ts"
import { CliProcess, type CliProcessOptions } from "../process/cli-process.ts"
import type { RunningProcesses } from "../process/running-processes.ts"
import { CliTurn, type StopReason } from "../turn/cli-turn.ts"
import type { FunctionChannel } from "../turn/function-channel.ts"
import type { TurnTimeouts } from "./options.ts"
import type { OutputReader, TurnOutcome } from "./text-reader.ts"

/** Whom the reader of a turn's output tells. */
export interface OutputListener {
  readonly push: (event: TurnEvent) => void
  /** Before the process ends. */
  readonly onOutcome: (outcome: TurnOutcome) => void
  /** Nothing is read any more: the process is ended at once. */
  readonly giveUp: () => void
}

/** What a turn needs to run. */
export interface TurnLaunch extends Pick<CliProcessOptions, "call" | "stdin"> {
  /** Null: the agent has none of the client. */
  readonly functions: FunctionChannel | null
  /** Words on stderr count as progress: the program shows nothing else until it is done. */
  readonly isSilent: boolean
  readonly createReader: (listener: OutputListener) => OutputReader
  /** Before the end is told: the usage of this turn alone. Absent: all that was told. */
  readonly onCompleted?: (total: Usage | null) => Promise<Usage | null>
  /** Before the failure is told. */
  readonly onFailed?: (error: TurnError) => Promise<void>
}

interface ProcessTurnOptions {
  readonly timeouts: TurnTimeouts
  readonly running: RunningProcesses
  readonly log: Log
}

/** How often words on stderr count as progress. */
const progressEveryMs = 5_000

/** A turn that is a process, from before its start until nothing of it runs any more. */
export class ProcessTurn extends CliTurn {
  readonly ref = `exec_turn_${randomUUID()}`
  readonly #options: ProcessTurnOptions
  readonly #items: Item[] = []
  #process: CliProcess | null = null
  #isCompleted = false
  #usage: Usage | null = null
  /** While the process runs. */
  #functions: FunctionChannel | null = null
  #lastProgress = Number.NEGATIVE_INFINITY
  #exitTimer: NodeJS.Timeout | null = null

  constructor(options: ProcessTurnOptions) {
    super()
    this.#options = options
  }

  /** Known at the end only. */
  get usage(): Usage | null {
    return this.#usage
  }

  /** What was completed so far. */
  get items(): readonly Item[] {
    return this.#items
  }

  get isCompleted(): boolean {
    return this.#isCompleted
  }

  /** True once there is, or was, a process. */
  get hasStarted(): boolean {
    return this.#process !== null && this.#process.pid !== 0
  }

  async answer(callId: string, output: readonly ContentPart[]): Promise<void> {
    if (this.#functions === null) throw this.noSuchCall(callId)
    this.#functions.answer(callId, output)
  }

  interrupt(): Promise<void> {
    return this.#stop("interrupted")
  }

  /** Like `interrupt`, but nobody wanted it: the agent stops. */
  async stop(): Promise<void> {
    await this.#stop("agent_stopped")
    await this.settled
  }

  /** Resolves when the process and its leftovers are gone. Not to be called after a stop. */
  async run(launch: TurnLaunch): Promise<void> {
    const { running, log } = this.#options
    let told: Promise<void> | null = null
    const onOutcome = (outcome: TurnOutcome) => {
      told ??= this.#tell(outcome, launch)
      // A program that goes on after its last event is given a moment, and then ended.
      this.#endSoon(child)
    }
    const reader = launch.createReader({
      push: (event) => this.push(event),
      onOutcome,
      giveUp: () => void this.#process?.end([{ signal: "SIGKILL", waitMs: 500 }]),
    })
    this.#functions = launch.functions
    launch.functions?.beginTurn((event) => {
      reader.beforeCall?.()
      this.push(event)
    })
    const child = new CliProcess({
      call: launch.call,
      stdin: launch.stdin,
      running,
      onOutput: (chunk) => {
        if (!this.isOver) reader.push(chunk)
      },
      onErrorOutput: (text) => {
        if (launch.isSilent) this.#noticeProgress(text)
      },
    })
    this.#process = child
    log("debug", "exec process started", { pid: child.pid })
    if (child.pid !== 0) this.tellStarted(this.ref)
    const exit = await child.exited
    log("debug", "exec process ended", { pid: child.pid, code: exit.code, signal: exit.signal })
    const last = reader.finish(exit, child.stderrTail)
    launch.functions?.endTurn()
    this.#functions = null
    if (last !== null) onOutcome(last)
    await told
    await child.settled
  }

  protected override push(event: TurnEvent): void {
    if (event.type === "item.completed") this.#items.push(event.item)
    super.push(event)
  }

  async #tell(outcome: TurnOutcome, { onCompleted, onFailed }: TurnLaunch): Promise<void> {
    // Whatever it says while it is being ended, we have ended it; told when it is gone.
    if (this.stopReason !== null) return
    if (outcome.type === "failed") {
      await onFailed?.(outcome.error)
      this.end({ type: "turn.failed", error: outcome.error, usage: null })
      return
    }
    const { total, cut } = outcome
    const usage = onCompleted === undefined ? total : await onCompleted(total)
    this.#isCompleted = true
    this.#usage = usage
    this.complete(usage, cut)
  }

  #endSoon(child: CliProcess): void {
    if (child.hasExited || this.#exitTimer !== null) return
    this.#exitTimer = setTimeout(() => {
      if (!child.hasExited) void child.end(this.#options.timeouts.interruptSteps)
    }, this.#options.timeouts.exitMs)
    void child.exited.then(() => clearTimeout(this.#exitTimer ?? undefined))
  }

  async #stop(reason: StopReason): Promise<void> {
    const isFirst = this.stopFor(reason)
    // The answer may be out; then only what is left of the process has to go when the agent stops.
    // Before its start there is nothing to wait for: `run` is not called any more.
    if (isFirst || reason === "agent_stopped") await this.#process?.end(this.#options.timeouts.interruptSteps)
    if (isFirst) this.endStopped()
  }

  /** Without the words, which repeat the prompt. "Reconnecting" is no progress. */
  #noticeProgress(text: string): void {
    const now = performance.now()
    if (now - this.#lastProgress < progressEveryMs || /reconnecting/i.test(text)) return
    this.#lastProgress = now
    this.push({ type: "notice", message: "The agent is at work", tells: "progress" })
  }
}
