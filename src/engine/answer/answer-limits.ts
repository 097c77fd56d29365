import { type Item, isAnswer, type MessageItem, textOf } from "../../domain/items.ts"
import type { ItemEvent } from "../../domain/turn-events.ts"
import type { AnswerLimits } from "../../domain/turn-request.ts"
import { noUsage, type Usage } from "../../domain/usage.ts"
import { StopScanner } from "./stop-scanner.ts"

/** CLIs tell no tokens of a text under way: so many UTF-16 units of an answer count as one. */
export const charactersPerToken = 4

/** Why an answer is over before its agent is done. */
export type Cut = "stop" | "max_output_tokens"

/** What ends the turn whose answer is cut. */
export function cutCause(cut: Cut): { readonly code: Cut; readonly message: string } {
  const message =
    cut === "stop" ? "The answer came to a stop text." : "The answer is longer than the client allows."
  return { code: cut, message }
}

interface Message {
  readonly item: MessageItem
  readonly scanner: StopScanner
  /** All that came, and all of it that was let through. */
  received: string
  shown: string
  /** First half of a character whose second half has not come yet. */
  half: string
  readonly isFirst: boolean
}

/**
 * The client's bounds on the answer, held by us: agents know neither stop texts nor limits. It
 * stands between the backend's events and the recorder, so that streams, whole answers, the ledger
 * and the history hash all have the same, cut text. Only the answer's text counts: reasoning,
 * commentary and what the agent does are neither searched nor counted.
 */
export class AnswerLimiter {
  readonly stopTexts: readonly string[]
  readonly #open = new Map<string, Message>()
  readonly #commentary = new Set<string>()
  readonly #maxCharacters: number
  #charactersLeft: number
  #hasText = false
  #cut: Cut | null = null

  constructor({ stopTexts, maxTokens }: AnswerLimits) {
    this.stopTexts = stopTexts
    this.#maxCharacters = maxTokens === null ? Number.POSITIVE_INFINITY : maxTokens * charactersPerToken
    this.#charactersLeft = this.#maxCharacters
  }

  /** Null where there is nothing to hold: most turns pay nothing. */
  static for(limits: AnswerLimits): AnswerLimiter | null {
    const hasNone = limits.stopTexts.length === 0 && limits.maxTokens === null
    return hasNone ? null : new AnswerLimiter(limits)
  }

  get cut(): Cut | null {
    return this.#cut
  }

  /** What was counted so far is not the answer. */
  beginAgain(): void {
    this.#charactersLeft = this.#maxCharacters
    this.#hasText = false
  }

  /** What is to be recorded. After the cut only what the agent still did: nothing is hidden. */
  take(event: ItemEvent): readonly ItemEvent[] {
    if (event.type === "item.delta") return this.#delta(event)
    if (event.type === "item.withdrawn") return this.#withdraw(event)
    const item: Item = event.item
    if (item.type !== "message") return this.#cut !== null && item.type === "reasoning" ? [] : [event]
    if (this.#cut !== null) return []
    const { id } = item
    if (!isAnswer(item)) {
      this.#commentary.add(id)
      return [event]
    }
    if (event.type === "item.started") {
      if (!this.#open.has(item.id)) this.#open.set(item.id, this.#begin(item))
      return [event]
    }
    return this.#complete(item)
  }

  #delta(event: Extract<ItemEvent, { type: "item.delta" }>): readonly ItemEvent[] {
    if (this.#cut !== null) return []
    if (event.channel !== "text" || this.#commentary.has(event.itemId)) return [event]
    let message = this.#open.get(event.itemId)
    if (message === undefined) {
      message = this.#begin(unannouncedMessage(event.itemId))
      this.#open.set(event.itemId, message)
    }
    message.received += event.text
    const text = this.#show(message, message.scanner.push(event.text))
    const shown = text === "" ? [] : [{ ...event, text }]
    return this.#cut === null ? shown : [...shown, this.#end(message, message.item)]
  }

  #complete(item: MessageItem): readonly ItemEvent[] {
    const message = this.#open.get(item.id) ?? this.#begin(item)
    this.#open.delete(item.id)
    const whole = textOf(item.content)
    // As the recorder does: what was told in deltas stands, only a longer text is followed up.
    const rest = whole.startsWith(message.received) ? whole.slice(message.received.length) : ""
    this.#show(message, message.scanner.push(rest))
    if (this.#cut === null) this.#show(message, message.scanner.end())
    return [this.#end(message, item)]
  }

  #begin(item: MessageItem): Message {
    const scanner = new StopScanner(this.stopTexts)
    // What a reader of the whole answer sees between two messages; a stop text may begin there.
    if (this.#hasText) scanner.passOver("\n\n")
    return { item, scanner, received: "", shown: "", half: "", isFirst: !this.#hasText }
  }

  /** What the client has seen of it counts for nothing. */
  #withdraw(event: Extract<ItemEvent, { type: "item.withdrawn" }>): readonly ItemEvent[] {
    const message = this.#open.get(event.itemId)
    if (message !== undefined && this.#cut === null) {
      this.#open.delete(event.itemId)
      this.#charactersLeft += message.shown.length
      this.#hasText = !message.isFirst
    }
    return [event]
  }

  /** Lets as much of a text through as the limit has left, and never half a character. */
  #show(message: Message, released: string): string {
    const all = message.half + released
    const ready = wholeCharacters(all)
    message.half = all.slice(ready.length)
    const isTooLong = ready.length > this.#charactersLeft
    const text = isTooLong ? wholeCharacters(ready.slice(0, this.#charactersLeft)) : ready
    this.#charactersLeft -= text.length
    message.shown += text
    if (text !== "") this.#hasText = true
    if (isTooLong) this.#cut = "max_output_tokens"
    else if (message.scanner.isFound) this.#cut = "stop"
    return text
  }

  #end(message: Message, item: MessageItem): ItemEvent {
    const content = [{ type: "text" as const, text: message.shown }]
    const status = this.#cut === null ? item.status : "incomplete"
    return { type: "item.completed", item: { ...item, content, status } }
  }
}

function wholeCharacters(text: string): string {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text
}

/** For text of a message that its backend has not announced. */
export function unannouncedMessage(id: string): MessageItem {
  return { type: "message", id, role: "assistant", content: [], phase: null, status: "in_progress" }
}

/**
 * Tokens of a turn that was cut: a model server tells those of a request at its end, which never
 * came. So it is what the CLI told, and at least what the texts are worth: what was asked as input,
 * what the model wrote as output. Where the model has written nothing, it is what the CLI told.
 */
export function usageOfCut(
  told: Usage | null,
  asked: readonly Item[],
  output: readonly Item[],
): Usage | null {
  const outputTokens = tokensOf(output, writtenBy)
  if (outputTokens === 0) return told
  const known = told ?? noUsage
  return {
    ...known,
    inputTokens: Math.max(known.inputTokens, tokensOf([...asked, ...output], readFrom)),
    outputTokens: Math.max(known.outputTokens, outputTokens),
  }
}

function tokensOf(items: readonly Item[], textsOf: (item: Item) => readonly string[]): number {
  const characters = items.flatMap(textsOf).reduce((sum, text) => sum + text.length, 0)
  return Math.ceil(characters / charactersPerToken)
}

/** What the model wrote of an item. */
function writtenBy(item: Item): readonly string[] {
  switch (item.type) {
    case "message":
      return item.role === "assistant" ? [textOf(item.content)] : []
    case "reasoning":
      return item.summary
    case "function_call":
    case "tool_call":
      return [item.arguments]
    case "command":
      return [item.command]
    case "file_change":
      return item.changes.map(({ diff }) => diff)
    case "web_search":
      return [item.query]
    case "function_call_output":
      return []
  }
}

/** What the model was given of an item, beside what it wrote itself. */
function readFrom(item: Item): readonly string[] {
  switch (item.type) {
    case "message":
      return item.role === "assistant" ? [] : [textOf(item.content)]
    case "function_call_output":
      return [textOf(item.output)]
    case "command":
      return [item.output]
    case "tool_call":
      return [item.output ?? item.error ?? ""]
    default:
      return []
  }
}
