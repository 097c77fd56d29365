import type { TurnEvent } from "../../domain/turn-events.ts"
import type { CliExit } from "../kit/process/cli-process.ts"
import { type ExecOutcome, exitFailure, type OutputReader } from "./output-reader.ts"

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
 * stdout is the answer, streamed as it comes. Line ends at its end are the terminal's, not the answer's, so they are held
 * back until more follows. Bytes that are not UTF-8 become U+FFFD.
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

  finish(exit: CliExit, stderrTail: string): ExecOutcome {
    this.#add(this.#decoder.decode())
    if (this.#isOverflown) {
      const message = `The answer of ${this.#options.program} is longer than ${this.#options.maxLength} characters`
      return { type: "failed", error: { code: "backend_error", message, modelStatus: null } }
    }
    if (exit.code !== 0) return exitFailure(this.#options.program, exit, stderrTail)
    this.#begin()
    this.#options.push({
      type: "item.completed",
      item: {
        type: "message",
        id: itemId,
        role: "assistant",
        content: [{ type: "text", text: this.#parts.join("") }],
        phase: null,
        status: "completed",
      },
    })
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
    this.#options.push({
      type: "item.started",
      item: {
        type: "message",
        id: itemId,
        role: "assistant",
        content: [],
        phase: null,
        status: "in_progress",
      },
    })
  }
}

function isLineEnd(code: number): boolean {
  return code === 0x0a || code === 0x0d
}
