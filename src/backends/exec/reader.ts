import { messageOf, type TurnError } from "../../domain/errors.ts"
import type { MessageItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { TurnEvent } from "../../domain/turn-events.ts"
import { codexErrorOf, cutIn } from "../codex/errors.ts"
import type { OutputReader, TurnOutcome } from "../kit/per-turn/text-reader.ts"
import { type CliExit, exitReason, reasonWithTail } from "../kit/process/exit-reason.ts"
import { JsonLines } from "../kit/rpc/json-lines.ts"
import { StrayLines } from "../kit/rpc/json-noise.ts"
import { backendError } from "../kit/turn/cli-turn.ts"
import { type ExecEvent, functionServer, itemOfExec, parseExecEvent } from "./items.ts"

export interface JsonReaderOptions {
  readonly program: string
  readonly push: (event: TurnEvent) => void
  readonly onThreadId: (threadId: string) => void
  /** The model has answered, so the program has a record. Told once, after `onThreadId`. */
  readonly onRecorded: () => void
  /** The agent begins to call a function of the client. */
  readonly onFunctionCall: () => void
  /** Told once, before the process ends. */
  readonly onOutcome: (outcome: TurnOutcome) => void
  /** What comes is not JSON, and too much of it; nothing is read any more. */
  readonly onGarbage: () => void
  readonly log: Log
}

type NoticeEvent = Extract<TurnEvent, { type: "notice" }>

/** One line holds a command's whole output. */
const maxLineBytes = 64 * 1024 * 1024
const maxGarbageLength = 4 * 1024 * 1024

/**
 * Events as JSON lines. Only `turn.completed` and `turn.failed` end a turn: `error` is also used
 * for reconnecting, and an exit code of 0 alone proves nothing.
 *
 * exec gives messages as a whole and without their phase. So a message is held back until it is
 * known whether more work follows it: then it was commentary; the one before the end is the answer.
 */
export class JsonReader implements OutputReader {
  readonly #options: JsonReaderOptions
  readonly #lines: JsonLines
  #heldMessage: MessageItem | null = null
  #hasStarted = false
  #isRecorded = false
  #lastError: string | null = null
  readonly #stray: StrayLines
  #hasRead = false
  #garbageLength = 0
  #garbageTail = ""
  #isOver = false

  constructor(options: JsonReaderOptions) {
    this.#options = options
    this.#stray = new StrayLines(options.program, options.log)
    this.#lines = new JsonLines(maxLineBytes, (bytes) => {
      options.log("error", "the agent wrote a line above the limit; it was left out", { bytes })
      if (!this.#isOver) this.#notice(`An event of ${bytes} bytes was left out`, "progress")
    })
  }

  push(chunk: Buffer): void {
    if (this.#isOver) return
    for (const line of this.#lines.push(chunk)) {
      if (this.#isOver) return
      const event = parseExecEvent(line, !this.#hasRead)
      if (event === "garbage") {
        this.#garbage(line)
        continue
      }
      this.#hasRead = true
      if (event === "unknown") this.#options.log("debug", "the agent sent an unknown event")
      else this.#read(event)
    }
  }

  beforeCall(): void {
    if (this.#isOver) return
    this.#recorded()
    this.#releaseMessage("commentary")
  }

  finish(exit: CliExit, stderrTail: string): TurnOutcome | null {
    // The last line may lack its end: a program that was killed, or a careless one.
    this.push(Buffer.from("\n"))
    if (this.#isOver) return null
    this.#isOver = true
    this.#releaseMessage(null)
    return { type: "failed", error: this.#exitError(exit, stderrTail) }
  }

  #read(event: ExecEvent): void {
    switch (event.type) {
      case "thread.started":
        this.#options.onThreadId(event.thread_id)
        break
      case "turn.started":
        this.#hasStarted = true
        break
      case "item.started":
        this.#item(event.item, false)
        break
      case "item.completed":
        this.#item(event.item, true)
        break
      case "error":
        this.#lastError = event.message
        this.#notice(event.message, "trouble", modelErrorOf(event.message))
        break
      case "turn.completed": {
        this.#recorded()
        this.#releaseMessage("final_answer")
        this.#end({ type: "completed", total: event.usage ?? null })
        break
      }
      case "turn.failed": {
        this.#recorded()
        this.#releaseMessage(null)
        const message = event.error?.message ?? this.#lastError
        const cut = cutIn(message ?? "")
        this.#end(
          cut === null
            ? { type: "failed", error: modelErrorOf(message) }
            : { type: "completed", total: null, cut },
        )
        break
      }
    }
  }

  #item(native: Parameters<typeof itemOfExec>[0], isDone: boolean): void {
    if (native.type === "error") {
      // A warning (unknown model, another model than the recorded one), not a failure.
      this.#notice(typeof native.message === "string" ? native.message : "warning", "nothing")
      return
    }
    try {
      const item = itemOfExec(native, isDone)
      if (item === null) return
      this.#recorded()
      this.#releaseMessage("commentary")
      if (item.type === "message") {
        if (isDone) this.#heldMessage = item
      } else if (item.type === "tool_call" && item.server === functionServer) {
        // The client's own function: it comes by the channel, and nobody else is to see it.
        if (!isDone) this.#options.onFunctionCall()
        this.#notice("A function of the client is called", "progress")
      } else this.#options.push({ type: isDone ? "item.completed" : "item.started", item })
    } catch (error) {
      this.#options.log("warn", "the agent sent an item of unexpected form", {
        type: native.type,
        reason: messageOf(error).slice(0, 300),
      })
    }
  }

  #notice(message: string, tells: NoticeEvent["tells"], error?: TurnError): void {
    this.#options.push({ type: "notice", message, tells, ...(error !== undefined && { error }) })
  }

  #recorded(): void {
    if (!this.#isRecorded) this.#options.onRecorded()
    this.#isRecorded = true
  }

  #releaseMessage(phase: MessageItem["phase"]): void {
    const item = this.#heldMessage
    if (item === null) return
    this.#heldMessage = null
    this.#options.push({ type: "item.completed", item: { ...item, phase } })
  }

  #end(outcome: TurnOutcome): void {
    this.#isOver = true
    this.#options.onOutcome(outcome)
  }

  #garbage(line: string): void {
    this.#stray.take(line)
    this.#garbageLength += line.length
    this.#garbageTail = `${this.#garbageTail}\n${line.slice(-500)}`.slice(-1_000)
    if (this.#garbageLength <= maxGarbageLength) return
    const error = backendError(`${this.#options.program} --json prints something that is not JSON`)
    this.#end({ type: "failed", error })
    this.#options.onGarbage()
  }

  #exitError(exit: CliExit, stderrTail: string): TurnError {
    const { program } = this.#options
    const said = exit.code === 0 && stderrTail.trim() === "" ? this.#garbageTail : stderrTail
    const reason = exit.code === 0 ? "ended without saying how the turn went" : exitReason(exit)
    const message = reasonWithTail(`${program} ${reason}`, said)
    return { code: this.#exitCode(exit, stderrTail), message, modelStatus: null }
  }

  #exitCode(exit: CliExit, stderrTail: string): string {
    if (exit.startError !== null) return "agent_not_ready"
    if (exit.signal !== null) return "backend_died"
    if (/no rollout found for thread id|thread not found/.test(stderrTail)) return "thread_lost"
    if (/Input exceeds the maximum length|input_too_large/.test(stderrTail)) return "invalid_request"
    return this.#hasStarted && exit.code !== 0 ? "backend_died" : "backend_error"
  }
}

/** exec tells only a text: the body of a 400, a status in words, or a sentence of codex. */
function modelErrorOf(message: string | null): TurnError {
  return codexErrorOf(message === null ? null : { message, codexErrorInfo: "other" })
}
