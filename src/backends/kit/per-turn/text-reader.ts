import type { TurnError } from "../../../domain/errors.ts"
import type { AnswerCut, TurnEvent } from "../../../domain/turn-events.ts"
import type { Usage } from "../../../domain/usage.ts"
import { type CliExit, exitReason, reasonWithTail } from "../process/exit-reason.ts"
import { backendError } from "../turn/cli-turn.ts"
import { modelFailureInWords } from "../turn/model-failure.ts"
import { messageItem } from "../turn/texts.ts"

/** How the turn has ended; `total`: the program's running total, null where it tells none. */
export type TurnOutcome =
  | { readonly type: "completed"; readonly total: Usage | null; readonly cut?: AnswerCut }
  | { readonly type: "failed"; readonly error: TurnError }

/** Understands what one process writes to stdout. */
export interface OutputReader {
  push(chunk: Buffer): void
  /** A function is called: what was said so far is told before. Absent: it never is. */
  beforeCall?(): void
  /** After the last chunk. The outcome, unless it was told before. */
  finish(exit: CliExit, stderrTail: string): TurnOutcome | null
}

/** For programs of which nothing else is known. */
export const loginStep = "Log in with the program itself, in a terminal, as the user of this service."

/** A plain program failed: its exit tells so, and its last words may quote a model server. */
export function exitFailure(program: string, exit: CliExit, stderrTail: string): TurnOutcome {
  const said = exit.code === null ? null : modelFailureInWords(reasonWithTail("", stderrTail), loginStep)
  const code =
    exit.startError !== null ? "agent_not_ready" : exit.signal === null ? "backend_error" : "backend_died"
  const message = reasonWithTail(`${program} ${exitReason(exit)}`, stderrTail)
  return {
    type: "failed",
    error: said === null ? { code, message, modelStatus: null } : { ...said, message },
  }
}

/** Longest answer, in UTF-16 units, unless another length is set. */
export const defaultMaxAnswerLength = 64 * 1024 * 1024

export interface TextReaderOptions {
  readonly program: string
  readonly push: (event: TurnEvent) => void
  readonly maxLength: number
  /** The answer is above `maxLength`; nothing is read any more. */
  readonly onOverflow: () => void
}

const itemId = "answer"
const maxHeldLength = 1_024

/**
 * stdout is the answer, streamed as it comes. Line ends at its end are the terminal's, not the
 * answer's, so they are held back until more follows. Bytes that are not UTF-8 become U+FFFD.
 */
export class TextReader implements OutputReader {
  readonly #options: TextReaderOptions
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  readonly #parts: string[] = []
  #length = 0
  #held = ""
  #hasBegun = false
  #isOverflown = false

  constructor(options: TextReaderOptions) {
    this.#options = options
  }

  push(chunk: Buffer): void {
    this.#add(this.#decoder.decode(chunk, { stream: true }))
  }

  finish(exit: CliExit, stderrTail: string): TurnOutcome {
    this.#add(this.#decoder.decode())
    if (this.#isOverflown) return overlong(this.#options)
    if (exit.code !== 0) return exitFailure(this.#options.program, exit, stderrTail)
    this.#begin()
    const item = messageItem(itemId, this.#parts.join(""), "completed")
    this.#options.push({ type: "item.completed", item })
    return { type: "completed", total: null }
  }

  #add(text: string): void {
    if (text === "" || this.#isOverflown) return
    const all = this.#held + text
    let end = all.length
    while (end > 0 && all.length - end < maxHeldLength && isLineEnd(all.charCodeAt(end - 1))) end -= 1
    this.#held = all.slice(end)
    if (end === 0) return
    const ready = all.slice(0, end)
    this.#length += ready.length
    if (this.#length > this.#options.maxLength) {
      this.#isOverflown = true
      this.#options.onOverflow()
      return
    }
    this.#begin()
    this.#parts.push(ready)
    this.#options.push({ type: "item.delta", itemId, channel: "text", index: 0, text: ready })
  }

  #begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#options.push({ type: "item.started", item: messageItem(itemId, null, "in_progress") })
  }
}

function isLineEnd(code: number): boolean {
  return code === 0x0a || code === 0x0d
}

/** The end of a turn whose answer is above the limit. */
export function overlong({ program, maxLength }: TextReaderOptions): TurnOutcome {
  const error = backendError(`The answer of ${program} is longer than ${maxLength} characters`)
  return { type: "failed", error }
}
