import type { Item } from "../../domain/items.ts"
import type { ResponseEvent } from "../../domain/response-events.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { EventEncoder } from "../common/wire-api.ts"
import {
  type DeltaHead,
  type EventSource,
  encodeResponsesSse,
  keepAliveSse,
  toWireEvents,
  type WireEvent,
} from "./events.ts"

/**
 * The items of a response as a reader of its log knows them, by `outputIndex`. Made from the log
 * alone, so that a slow reader sees each item as it was at its place in the log.
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

/**
 * `items` are as they are at the event where the reader begins; events of the wire up to number
 * `after` are left out where the log's entry has more than one; `shift` is added to its numbers.
 */
export function createResponsesEncoder(
  items: ItemTracker,
  { after, shift } = { after: -1, shift: 0 },
): EventEncoder {
  return {
    encode(event, sequence) {
      items.follow(event, sequence)
      return encodeResponsesSse(event, sequence + shift, items, after)
    },
    // `response.failed` is an end that every reader knows.
    isBroken: false,
    signOfLife: (sequence) => (sequence === 0 ? "" : keepAliveSse(sequence + shift - 1)),
  }
}

/** The same events as objects, for other carriers. To be called with every event, in order. */
export function createResponsesProjection(
  live: LiveResponse,
  serverLabel: string,
): (event: ResponseEvent, sequence: number) => readonly WireEvent[] {
  const items = new ItemTracker(live, serverLabel)
  return (event, sequence) => {
    items.follow(event, sequence)
    return toWireEvents(event, sequence, items)
  }
}
