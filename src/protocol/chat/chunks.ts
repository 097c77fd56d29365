import type { ResponseEvent } from "../../domain/response-events.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { seconds } from "../common/answer-parts.ts"
import { failureOf, toStreamErrorBody } from "../common/errors.ts"
import { doneSse } from "../common/sse.ts"
import type { EventEncoder, ParsedRequest } from "../common/wire-api.ts"
import { finishReason, toChatUsage } from "./completion.ts"
import { ChatFold, type ChatPiece } from "./fold.ts"

/**
 * Shows a response's log as chat completion chunks, from its first event to its last.
 * `source.record` is read anew at the end, when it is finished. The phase of a message must be
 * known when it begins: a stream cannot take its words back.
 */
export class ChatProjection implements EventEncoder {
  readonly #source: { readonly record: ResponseRecord }
  /** An extra last chunk without choices, at which some clients stop. */
  readonly #includeUsage: boolean
  readonly #fold = new ChatFold((piece) => this.#write(deltaOf(piece)))
  /** What all chunks begin with, what stands before a delta, and what behind it. */
  readonly #head: string
  readonly #before: string
  readonly #after: string
  /** Of the event at hand. */
  #text = ""
  #hasRole = false
  #isBroken = false

  constructor(
    source: { readonly record: ResponseRecord },
    { includeUsage }: Pick<ParsedRequest, "includeUsage">,
  ) {
    const { id, createdAt, agentId: model } = source.record
    const head = { id, object: "chat.completion.chunk", created: seconds(createdAt), model }
    this.#source = source
    this.#includeUsage = includeUsage
    this.#head = JSON.stringify(head).slice(0, -1)
    this.#before = `data: ${this.#head},"choices":[{"index":0,"delta":`
    this.#after = this.#behind("null")
  }

  /**
   * True behind the error of a failed turn. Some clients pass over an error and take the end of the
   * stream, or `[DONE]`, for that of an answer: there is neither.
   */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** Often empty. The last event brings `[DONE]`, but for a failure. */
  encode(event: ResponseEvent): string {
    this.#text = ""
    if (!this.#hasRole) {
      this.#hasRole = true
      this.#write(`{"role":"assistant","content":""}`)
    }
    switch (event.type) {
      case "item.added":
        this.#fold.begin(event.outputIndex, event.item)
        break
      case "item.done":
      case "item.withdrawn":
        this.#fold.end(event.outputIndex, event.item)
        break
      case "text.delta":
      case "summary.delta":
      case "reasoning.delta":
      case "arguments.delta":
        this.#fold.delta(event.outputIndex, event.partIndex, event.text)
        break
      case "text.done":
      case "summary.done":
      case "reasoning.done":
      case "arguments.done":
        this.#fold.complete(event.outputIndex, event.partIndex, event.text)
        break
      case "failed":
        this.#isBroken = true
        // Official clients raise any chunk that has an `error`.
        return `${this.#text}data: ${JSON.stringify(toStreamErrorBody(failureOf(this.#source.record)))}\n\n`
      case "completed":
      case "incomplete":
      case "cancelled":
        return this.#text + this.#ending(event.type)
    }
    return this.#text
  }

  /** A chunk that says nothing; none before the first, which has the role. */
  signOfLife(): string {
    return this.#hasRole ? `${this.#before}{}${this.#after}` : ""
  }

  #write(delta: string): void {
    this.#text += this.#before + delta + this.#after
  }

  /** `reason`: as JSON. */
  #behind(reason: string): string {
    const usageNull = this.#includeUsage ? `,"usage":null` : ""
    return `,"logprobs":null,"finish_reason":${reason}}]${usageNull}}\n\n`
  }

  #ending(status: "completed" | "incomplete" | "cancelled"): string {
    const record = { ...this.#source.record, status }
    const reason = JSON.stringify(finishReason(record, this.#fold.hasCalls))
    const last = `${this.#before}{}${this.#behind(reason)}`
    if (!this.#includeUsage) return last + doneSse
    const usage = JSON.stringify(toChatUsage(record))
    return `${last}data: ${this.#head},"choices":[],"usage":${usage}}\n\n${doneSse}`
  }
}

function deltaOf(piece: ChatPiece): string {
  switch (piece.field) {
    case "call": {
      const { index, callId: id, name } = piece
      return JSON.stringify({
        tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }],
      })
    }
    case "arguments":
      return JSON.stringify({ tool_calls: [{ index: piece.index, function: { arguments: piece.text } }] })
    default:
      return `{"${piece.field}":${JSON.stringify(piece.text)}}`
  }
}
