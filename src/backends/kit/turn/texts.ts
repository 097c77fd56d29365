import type { ItemStatus, MessageItem, Phase, ReasoningItem } from "../../../domain/items.ts"
import type { TurnEvent } from "../../../domain/turn-events.ts"

/**
 * The texts of a turn that have begun and not ended. When a CLI asks its model again, because the
 * stream broke off, what is open is void as soon as the model says or does anything else: then it
 * is told as withdrawn. Until then it is the last that was said.
 */
export class OpenTexts {
  readonly #open = new Set<string>()
  readonly #begun = new Set<string>()
  #void: readonly string[] = []

  /** The CLI asks its model for the same again. */
  askedAgain(): void {
    this.#void = [...this.#void, ...this.#open]
    this.#open.clear()
  }

  /** Tells an event, and before it what it makes void. */
  tell(event: TurnEvent, push: (event: TurnEvent) => void): void {
    if (this.#isNew(event)) {
      for (const itemId of this.#void) push({ type: "item.withdrawn", itemId })
      this.#void = []
    }
    push(event)
  }

  /** It comes of a new request of the model, and not of the one before it. */
  #isNew(event: TurnEvent): boolean {
    if (event.type === "function.called") return true
    const isDelta = event.type === "item.delta"
    if (!isDelta && event.type !== "item.started" && event.type !== "item.completed") return false
    const id = isDelta ? event.itemId : event.item.id
    const isText = isDelta || event.item.type === "message" || event.item.type === "reasoning"
    const isNew = !this.#begun.has(id)
    this.#begun.add(id)
    if (event.type === "item.completed") this.#open.delete(id)
    else if (isNew && isText) this.#open.add(id)
    return isNew
  }
}

/** What the agent says; null: nothing yet. */
export function messageItem(
  id: string,
  text: string | null,
  status: ItemStatus,
  phase: Phase = null,
): MessageItem {
  const content = text === null ? [] : [{ type: "text" as const, text }]
  return { type: "message", id, role: "assistant", content, phase, status }
}

/** What the agent thinks; null: nothing yet. */
export function reasoningItem(id: string, text: string | null, status: ItemStatus): ReasoningItem {
  return { type: "reasoning", id, summary: text === null ? [] : [text], status }
}
