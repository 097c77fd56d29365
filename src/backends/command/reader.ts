import { z } from "zod"
import { printedText } from "../../domain/printed-text.ts"
import { noUsage, type Usage } from "../../domain/usage.ts"
import {
  exitFailure,
  loginStep,
  type OutputReader,
  overlong,
  TextReader,
  type TextReaderOptions,
  type TurnOutcome,
} from "../kit/per-turn/text-reader.ts"
import type { CliExit } from "../kit/process/exit-reason.ts"
import { JsonLines } from "../kit/rpc/json-lines.ts"
import { valueOfLine } from "../kit/rpc/json-noise.ts"
import { httpStatus, modelFailure } from "../kit/turn/model-failure.ts"
import { messageItem, reasoningItem } from "../kit/turn/texts.ts"

const tokens = z.number().nonnegative().nullish()
const lineSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("delta"), text: z.string() }),
  z.object({ type: z.literal("reasoning"), text: z.string() }),
  z.object({ type: z.literal("message"), text: z.string() }),
  z.object({ type: z.literal("error"), message: z.string(), status: z.number().nullish() }),
  z.object({ type: z.literal("usage"), input_tokens: tokens, output_tokens: tokens }),
])
type Line = z.infer<typeof lineSchema>

const maxLineBytes = 64 * 1024 * 1024
/** Longest beginning of an output that is looked at to find its form. */
const maxHeadBytes = 4_096

/**
 * What a program writes to stdout: JSON objects, one a line, when the first line is one with a
 * `type`; else the answer itself, as plain text. `docs/agents/command.md` has the lines; others are
 * left alone.
 */
export class LineReader implements OutputReader {
  readonly #options: TextReaderOptions
  #head: Buffer[] = []
  #headLength = 0
  #inner: OutputReader | null = null

  constructor(options: TextReaderOptions) {
    this.#options = options
  }

  push(chunk: Buffer): void {
    if (this.#inner !== null) {
      this.#inner.push(chunk)
      return
    }
    this.#head.push(chunk)
    this.#headLength += chunk.length
    const head = this.#headText.trimStart()
    if (head.includes("\n") || this.#headLength > maxHeadBytes || !mayBeJson(head)) this.#choose()
  }

  finish(exit: CliExit, stderrTail: string): TurnOutcome | null {
    return this.#choose().finish(exit, stderrTail)
  }

  get #headText(): string {
    return Buffer.concat(this.#head).toString("utf8")
  }

  #choose(): OutputReader {
    if (this.#inner !== null) return this.#inner
    const first = printedText(this.#headText).trimStart().split("\n")[0] ?? ""
    this.#inner = isTyped(first) ? new JsonAnswerReader(this.#options) : new TextReader(this.#options)
    for (const chunk of this.#head) this.#inner.push(chunk)
    this.#head = []
    return this.#inner
  }
}

const itemOf = { message: messageItem, reasoning: reasoningItem } as const

class JsonAnswerReader implements OutputReader {
  readonly #options: TextReaderOptions
  readonly #lines = new JsonLines(maxLineBytes, () => {})
  readonly #texts = { message: "", reasoning: "" }
  readonly #begun = new Set<string>()
  #usage: Usage | null = null
  #error: Extract<Line, { type: "error" }> | null = null
  #isOverflown = false

  constructor(options: TextReaderOptions) {
    this.#options = options
  }

  push(chunk: Buffer): void {
    for (const text of this.#lines.push(chunk)) this.#read(text)
  }

  finish(exit: CliExit, stderrTail: string): TurnOutcome {
    for (const text of this.#lines.push(Buffer.from("\n"))) this.#read(text)
    const { program } = this.#options
    if (this.#isOverflown) return overlong(this.#options)
    if (this.#error !== null) {
      const { message, status } = this.#error
      return { type: "failed", error: modelFailure({ message, status: httpStatus(status), loginStep }) }
    }
    if (exit.code !== 0) return exitFailure(program, exit, stderrTail)
    this.#end("reasoning")
    this.#begin("message")
    this.#end("message")
    return { type: "completed", total: this.#usage }
  }

  #read(text: string): void {
    const line = lineOf(text)
    if (line === null || this.#isOverflown) return
    switch (line.type) {
      case "reasoning":
        this.#add("reasoning", line.text)
        break
      case "delta":
        this.#add("message", line.text)
        break
      case "message": {
        // The whole answer: after deltas only what they left out.
        const told = this.#texts.message
        this.#add("message", line.text.startsWith(told) ? line.text.slice(told.length) : `\n\n${line.text}`)
        break
      }
      case "error":
        this.#error = line
        break
      case "usage":
        this.#usage = {
          ...noUsage,
          inputTokens: line.input_tokens ?? 0,
          outputTokens: line.output_tokens ?? 0,
        }
    }
  }

  #add(kind: "message" | "reasoning", text: string): void {
    if (text === "") return
    if (kind === "message") this.#end("reasoning")
    this.#texts[kind] += text
    if (this.#texts.message.length + this.#texts.reasoning.length > this.#options.maxLength) {
      this.#isOverflown = true
      this.#options.onOverflow()
      return
    }
    this.#begin(kind)
    const channel = kind === "message" ? "text" : "summary"
    this.#options.push({ type: "item.delta", itemId: kind, channel, index: 0, text })
  }

  #begin(kind: "message" | "reasoning"): void {
    if (this.#begun.has(kind)) return
    this.#begun.add(kind)
    this.#options.push({ type: "item.started", item: itemOf[kind](kind, null, "in_progress") })
  }

  #end(kind: "message" | "reasoning"): void {
    const key = `${kind} ended`
    if (!this.#begun.has(kind) || this.#begun.has(key)) return
    this.#begun.add(key)
    const item = itemOf[kind](kind, this.#texts[kind] || null, "completed")
    this.#options.push({ type: "item.completed", item })
  }
}

function lineOf(text: string): Line | null {
  return lineSchema.safeParse(valueOfLine(text, false)).data ?? null
}

/** A line of JSON begins, or a terminal sequence or half a byte order mark before it. */
function mayBeJson(text: string): boolean {
  return text === "" || text === "\ufffd" || text.startsWith("{") || text.startsWith("\u001b")
}

function isTyped(text: string): boolean {
  return lineOf(text) !== null || /^\{\s*"type"\s*:\s*"/.test(text)
}
