import type { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import type { Turn } from "../../domain/backend.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { ContentPart, Item } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { TurnError, TurnEvent } from "../../domain/turn-events.ts"
import type { Usage } from "../../domain/usage.ts"
import { CliProcess } from "../kit/process/cli-process.ts"
import type { RunningProcesses } from "../kit/process/running-processes.ts"
import { EventBatches } from "../kit/turn/event-batches.ts"
import type { FunctionChannel } from "../kit/turn/function-channel.ts"
import { JsonReader } from "./json-reader.ts"
import type { ExecTimeouts } from "./options.ts"
import type { ExecOutcome, OutputReader } from "./output-reader.ts"
import type { ExecCommand } from "./program.ts"
import { TextReader } from "./text-reader.ts"

/** What a turn needs to run. */
export interface ExecLaunch {
  /** Absolute path. */
  readonly file: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly command: ExecCommand
  /** Null: the agent has none of the client. */
  readonly functions: FunctionChannel | null
  /** Of the profile, for messages. */
  readonly program: string
  readonly printsJson: boolean
  readonly maxAnswerLength: number
  /** For a program that writes neither of the two forms of exec. */
  readonly createReader?: (push: (event: TurnEvent) => void, onOverflow: () => void) => OutputReader
  readonly spawn?: typeof spawn
  readonly running: RunningProcesses
  readonly onThreadId: (threadId: string) => void
  /** See `JsonReader`. */
  readonly onRecorded: () => void
  /** Before the end is told: the usage of this turn alone. */
  readonly onCompleted: (total: Usage | null) => Promise<Usage | null>
  /** Before the failure is told. */
  readonly onFailed: (error: TurnError) => Promise<void>
}

type Stop = "interrupted" | "agent_stopped"

/** How often words on stderr count as progress of a plain-text program, which shows nothing else until it is done. */
const progressEveryMs = 5_000

/** One process, from before its start until nothing of it runs any more. */
export class ExecTurn implements Turn {
  readonly ref = `exec_turn_${randomUUID()}`
  readonly #timeouts: ExecTimeouts
  readonly #log: Log
  readonly #batches = new EventBatches<TurnEvent>()
  readonly #items: Item[] = []
  #process: CliProcess | null = null
  #stopping: Stop | null = null
  #settle: () => void = () => {}
  #isCompleted = false
  #usage: Usage | null = null
  /** While the process runs. */
  #functions: FunctionChannel | null = null
  #lastProgress = Number.NEGATIVE_INFINITY
  #exitTimer: NodeJS.Timeout | null = null
  /** Resolves when the process and all that it left behind are gone. Never rejects. */
  readonly settled: Promise<void>

  constructor(timeouts: ExecTimeouts, log: Log) {
    this.#timeouts = timeouts
    this.#log = log
    this.settled = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  get events(): AsyncIterable<readonly TurnEvent[]> {
    return this.#batches
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

  get isOver(): boolean {
    return this.#batches.isClosed
  }

  async answer(callId: string, output: readonly ContentPart[]): Promise<void> {
    if (this.#functions === null)
      throw new ProxyError("backend_error", `No call ${callId} is open in this turn`)
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

  fail(error: TurnError): void {
    this.#batches.close({ type: "turn.failed", error, usage: null })
  }

  /** To be called once, at the very end, however the turn went. */
  settle(): void {
    this.fail({ code: "backend_error", message: "The turn was never run", modelStatus: null })
    this.#settle()
  }

  /** Runs the process to its end; resolves when it and its leftovers are gone. Not to be called after a stop. */
  async run(launch: ExecLaunch): Promise<void> {
    let told: Promise<void> | null = null
    const onOutcome = (outcome: ExecOutcome) => {
      told ??= this.#tell(outcome, launch)
      // A program that goes on after its last event is given a moment, and then ended.
      this.#endSoon(child)
    }
    const reader = this.#readerFor(launch, onOutcome)
    this.#functions = launch.functions
    launch.functions?.beginTurn((event) => {
      reader.beforeCall?.()
      this.#push(event)
    })
    const child = new CliProcess({
      file: launch.file,
      args: launch.command.args,
      cwd: launch.cwd,
      env: launch.env,
      stdin: launch.command.stdin,
      running: launch.running,
      ...(launch.spawn === undefined ? {} : { spawn: launch.spawn }),
      onOutput: (chunk) => {
        if (!this.isOver) reader.push(chunk)
      },
      onErrorOutput: (text) => {
        if (!launch.printsJson) this.#noticeProgress(text)
      },
    })
    this.#process = child
    this.#log("debug", "exec process started", { pid: child.pid })
    if (child.pid !== 0) this.#push({ type: "turn.started", turnRef: this.ref })
    const exit = await child.exited
    this.#log("debug", "exec process ended", { pid: child.pid, code: exit.code, signal: exit.signal })
    const last = reader.finish(exit, child.stderrTail)
    launch.functions?.endTurn()
    this.#functions = null
    if (last !== null) onOutcome(last)
    await told
    await child.settled
  }

  #readerFor(launch: ExecLaunch, onOutcome: (outcome: ExecOutcome) => void): OutputReader {
    const { program } = launch
    const push = (event: TurnEvent) => this.#push(event)
    const endAtOnce = () => {
      void this.#process?.end([{ signal: "SIGKILL", waitMs: 500 }])
    }
    if (launch.createReader !== undefined) return launch.createReader(push, endAtOnce)
    if (!launch.printsJson) {
      return new TextReader({ program, push, maxLength: launch.maxAnswerLength, onOverflow: endAtOnce })
    }
    return new JsonReader({
      program,
      push,
      onThreadId: launch.onThreadId,
      onFunctionCall: () => launch.functions?.callBegins(),
      onRecorded: launch.onRecorded,
      onOutcome,
      onGarbage: endAtOnce,
      log: this.#log,
    })
  }

  async #tell(outcome: ExecOutcome, launch: ExecLaunch): Promise<void> {
    // Whatever a program says while it is being ended, it was ended by us; the end is told when it is gone.
    if (this.#stopping !== null) return
    if (outcome.type === "failed") {
      await launch.onFailed(outcome.error)
      this.fail(outcome.error)
      return
    }
    const usage = await launch.onCompleted(outcome.total)
    this.#isCompleted = true
    this.#usage = usage
    const { cut } = outcome
    this.#batches.close({ type: "turn.completed", usage, ...(cut !== undefined && { cut }) })
  }

  #endSoon(child: CliProcess): void {
    if (child.hasExited || this.#exitTimer !== null) return
    this.#exitTimer = setTimeout(() => {
      if (!child.hasExited) void child.end(this.#timeouts.interruptSteps)
    }, this.#timeouts.exitMs)
    void child.exited.then(() => clearTimeout(this.#exitTimer ?? undefined))
  }

  async #stop(stop: Stop): Promise<void> {
    if (this.isOver || this.#stopping !== null) {
      // The answer is out; only what is left of the process has to go when the agent stops.
      if (stop === "agent_stopped") await this.#process?.end(this.#timeouts.interruptSteps)
      return
    }
    this.#stopping = stop
    // Before its start there is nothing to wait for: `run` is not called any more.
    if (this.#process !== null) await this.#process.end(this.#timeouts.interruptSteps)
    if (stop === "interrupted") this.#batches.close({ type: "turn.interrupted", usage: null })
    else this.fail({ code: "agent_stopped", message: "The agent was stopped", modelStatus: null })
  }

  #push(event: TurnEvent): void {
    if (event.type === "item.completed") this.#items.push(event.item)
    this.#batches.push(event)
  }

  /** The words themselves are not passed on: they repeat the prompt. "Reconnecting" is no progress. */
  #noticeProgress(text: string): void {
    const now = performance.now()
    if (now - this.#lastProgress < progressEveryMs || /reconnecting/i.test(text)) return
    this.#lastProgress = now
    this.#push({ type: "notice", message: "The agent is at work", tells: "progress" })
  }
}
