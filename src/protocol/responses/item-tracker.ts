import type { Item } from "../../domain/items.ts"
import type { ResponseEvent } from "../../domain/response-events.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"

/** What the events of a response's log leave out. A `LiveResponse` has `record`. */
export interface EventSource {
  /** As it is now; finished by the time the last event can be read. */
  readonly record: ResponseRecord
  /** As it is now: with its final texts once its `text.done` can be read. */
  readonly itemAt: (outputIndex: number) => Item | undefined
  /** Kind of the backend, under which the agent's own tools appear. */
  readonly serverLabel: string
  /** Kept by the encoder from one delta to the next: what they have in common. */
  deltaHead?: DeltaHead
}

interface DeltaHead {
  readonly item: Item
  readonly outputIndex: number
  readonly partIndex: number
  readonly text: string
}

/**
 * The items of a response as a reader of its log knows them, by `outputIndex`. Made from the log
 * alone, so that a slow reader sees each item as it was at its place in the log, not as it is
 * meanwhile.
 */
export class ItemTracker implements EventSource {
  readonly serverLabel: string
  deltaHead?: DeltaHead
  readonly #live: Pick<LiveResponse, "record" | "log">
  readonly #items: (Item | undefined)[] = []

  constructor(live: Pick<LiveResponse, "record" | "log">, serverLabel: string) {
    this.#live = live
    this.serverLabel = serverLabel
  }

  get record(): ResponseRecord {
    return this.#live.record
  }

  itemAt(outputIndex: number): Item | undefined {
    return this.#items[outputIndex]
  }

  /** To be called with every event, before it is encoded. */
  follow(event: ResponseEvent, sequence: number): void {
    switch (event.type) {
      case "item.added":
      case "item.done":
      case "item.withdrawn":
        this.#items[event.outputIndex] = event.item
        return
      case "text.done":
      case "summary.done":
      case "reasoning.done":
        this.#setText(event.outputIndex, event.partIndex, event.text)
        return
      case "arguments.delta":
      case "arguments.done":
        this.#lookAhead(event.outputIndex, sequence)
        return
    }
  }

  #setText(outputIndex: number, partIndex: number, text: string): void {
    const item = this.#items[outputIndex]
    if (item?.type === "message") {
      this.#items[outputIndex] = { ...item, content: [{ type: "text", text }] }
    } else if (item?.type === "reasoning") {
      const summary = [...item.summary]
      summary[partIndex] = text
      this.#items[outputIndex] = { ...item, summary }
    }
  }

  /** Most tools' arguments are sure at their end only, which is in the log by now. */
  #lookAhead(outputIndex: number, sequence: number): void {
    if (this.#items[outputIndex]?.type === "function_call") return
    for (const event of this.#live.log.read(sequence + 1, 3)) {
      if (event.type === "item.done" && event.outputIndex === outputIndex)
        this.#items[outputIndex] = event.item
    }
  }
}
