import type { Capabilities } from "../../domain/agents.ts"
import {
  type Item,
  isAnswer,
  type MessageItem,
  type ReasoningItem,
  textMessage,
  textOf,
} from "../../domain/items.ts"
import { isStrictSchema } from "../../domain/strict-schema.ts"
import type { ItemEvent } from "../../domain/turn-events.ts"
import { unannouncedMessage } from "./answer-limits.ts"
import { type Check, compileSchema } from "./json-schema.ts"

type Schema = Readonly<Record<string, unknown>>

interface Held {
  readonly item: MessageItem
  text: string
  /** Cut off by the client's limits, or left open. */
  isComplete: boolean
}

/**
 * A form that the answer must have, held by us whatever the backend can do (see docs/adr/0005).
 * Text that may turn out not to be the answer is held back; what is shown as the answer is never
 * contradicted. What the agent says on the way becomes reasoning: official clients parse every
 * message of a structured answer as JSON.
 */
export class AnswerFormat {
  readonly schema: Schema
  readonly #check: Check
  #isStreaming = false
  #held: Held | null = null
  readonly #streaming = new Set<string>()
  /** Messages that are told as reasoning. */
  readonly #asides = new Set<string>()

  private constructor(schema: Schema, check: Check) {
    this.schema = schema
    this.#check = check
  }

  /** Rejects with `invalid_request` when the schema is none. */
  static async create(schema: Schema, param: string): Promise<AnswerFormat> {
    return new AnswerFormat(schema, await compileSchema(schema, "The rules for the answer", param))
  }

  /** The schema where the backend can hold the model to it; null: the agent is only told. */
  nativeSchema(capabilities: Capabilities | null): Schema | null {
    if (capabilities?.hasOutputSchema !== true) return null
    return capabilities.acceptsAnySchema === true || isStrictSchema(this.schema) ? this.schema : null
  }

  /** `isNative`: held to the schema by its model, it may show the message as it is written. */
  beginTurn(isNative: boolean): void {
    this.#isStreaming = isNative
  }

  get heldCharacters(): number {
    return this.#held?.text.length ?? 0
  }

  /** What is said to an agent whose model is not held to the schema. */
  instruction(): MessageItem {
    return textMessage(
      "format",
      "developer",
      "Your next answer is read by a program. Answer with nothing but one JSON value, without a code fence and " +
        `without a word before or after it, that is valid against this JSON Schema:\n${JSON.stringify(this.schema)}`,
    )
  }

  /** What is said to it once when its answer does not hold. */
  correction(problem: string): MessageItem {
    return textMessage(
      "format",
      "developer",
      `Your answer cannot be used: ${problem}. Answer again, with nothing but one JSON value that is valid against this ` +
        `JSON Schema:\n${JSON.stringify(this.schema)}`,
    )
  }

  /** What of an event is to be recorded now. */
  take(event: ItemEvent): readonly ItemEvent[] {
    if (event.type === "item.delta") return this.#delta(event)
    if (event.type === "item.withdrawn") {
      if (this.#held?.item.id !== event.itemId) return [event]
      this.#held = null
      return []
    }
    const item: Item = event.item
    if (item.type !== "message" || item.role !== "assistant") return [event]
    if (this.#streaming.has(item.id)) return [event]
    if (event.type === "item.started") return this.#start(item)
    if (this.#asides.has(item.id))
      return [{ type: "item.completed", item: asideOf(item, textOf(item.content)) }]
    const before = this.#held?.item.id === item.id ? [] : this.#start(item)
    if (this.#asides.has(item.id)) {
      return [...before, { type: "item.completed", item: asideOf(item, textOf(item.content)) }]
    }
    if (this.#streaming.has(item.id)) return [...before, event]
    this.#held = { item, text: textOf(item.content), isComplete: item.status !== "incomplete" }
    return before
  }

  /** Null: what was said holds. Asked after the turn; `shown`: what the client has already. */
  async problem(shown: string): Promise<string | null> {
    const text = [shown, unfenced(this.#held?.text ?? "")].filter((part) => part.trim() !== "").join("\n\n")
    if (text === "") return "it is empty"
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      // The parser's message would only confuse a model: what is wrong is that it is no JSON.
      return "it is not JSON"
    }
    const problems = await this.#check(value, text)
    return problems.length === 0 ? null : problems.join("; ")
  }

  /** Shows what was held back as the answer. */
  release(): readonly ItemEvent[] {
    const held = this.#held
    this.#held = null
    if (held === null) return []
    const text = held.isComplete ? unfenced(held.text) : held.text
    return [{ type: "item.completed", item: { ...held.item, content: [{ type: "text", text }] } }]
  }

  /** Shows it as something that was said on the way: it is not the answer. */
  withdraw(): readonly ItemEvent[] {
    const held = this.#held
    this.#held = null
    if (held === null || held.text.trim() === "") return []
    return [{ type: "item.completed", item: asideOf(held.item, held.text) }]
  }

  #start(item: MessageItem): readonly ItemEvent[] {
    const aside = asideOf(item, "")
    if (!isAnswer(item)) {
      this.#asides.add(aside.id)
      return [{ type: "item.started", item: aside }]
    }
    // Only the last message is the answer; what came before it was said on the way.
    const before = this.withdraw()
    if (this.#isStreaming && item.phase === "final_answer") {
      this.#streaming.add(item.id)
      return [...before, { type: "item.started", item }]
    }
    this.#held = { item, text: "", isComplete: false }
    return before
  }

  #delta(event: Extract<ItemEvent, { type: "item.delta" }>): readonly ItemEvent[] {
    if (event.channel !== "text" || this.#streaming.has(event.itemId)) return [event]
    if (this.#asides.has(event.itemId)) return [{ ...event, channel: "summary", index: 0 }]
    const before = this.#held?.item.id === event.itemId ? [] : this.#start(unannouncedMessage(event.itemId))
    if (this.#held !== null) this.#held.text += event.text
    return before
  }
}

/** Models that are only told like to put JSON into a code fence. */
function unfenced(text: string): string {
  const match = /^\s*```(?:json)?[ \t]*\n([\s\S]*?)\n?[ \t]*```\s*$/i.exec(text)
  return match?.[1] ?? text
}

function asideOf(item: Item, text: string): ReasoningItem {
  const summary = text === "" ? [] : [text]
  return { type: "reasoning", id: item.id, summary, status: item.status }
}
