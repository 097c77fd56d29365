import { isDeepStrictEqual } from "node:util"
import { isObject, type JsonObject, objectsOf, stringOf } from "../../model-server/wire.ts"

/** Statuses that are not the end, in the order in which they may follow each other. */
const ranks: Readonly<Record<string, number>> = { queued: 0, in_progress: 1 }

/**
 * What clients have read of one response, by whatever way. Each reading is compared with those before it and gives back,
 * in words, what contradicts them: what a client has read must stay true.
 */
export class ResponseFacts {
  #end: JsonObject | null = null
  #status: string | null = null
  /** Items that were told as done. */
  readonly #doneItems = new Map<string, JsonObject>()
  /** What deltas told of an item's text, by item and part. */
  readonly #texts = new Map<string, string>()
  readonly #events = new Map<number, JsonObject>()

  /** The end as it was first read. */
  get end(): JsonObject | null {
    return this.#end
  }

  /** Number of the last event that was read; -1: none. */
  get lastSequence(): number {
    return Math.max(-1, ...this.#events.keys())
  }

  /** The number behind which events may be lost with a service that dies: that of the last item told as done. */
  get #lastDoneSequence(): number {
    const done = [...this.#events].filter(([, { type }]) => type === "response.output_item.done")
    return Math.max(-1, ...done.map(([number]) => number))
  }

  /** A whole response: of `POST`, of `GET`, or of the event that ends a stream. */
  readResource(resource: JsonObject): string[] {
    const status = stringOf(resource.status)
    if (this.#end !== null) return differences("the response", this.#end, resource)
    const faults = this.#itemFaults(resource)
    const rank = ranks[status]
    if (rank === undefined) {
      faults.push(...this.#textFaults(resource))
      this.#end = resource
    } else {
      const before = ranks[this.#status ?? "queued"] ?? 0
      if (rank < before) faults.push(`status went back from ${this.#status} to ${status}`)
    }
    this.#status = status
    for (const item of objectsOf(resource.output)) {
      if (item.status === "completed") this.#doneItems.set(stringOf(item.id), item)
    }
    return faults
  }

  /** An event of a stream, live or replayed. */
  readEvent(event: JsonObject): string[] {
    const number = Number(event.sequence_number)
    const known = this.#events.get(number)
    const faults: string[] = []
    if (known !== undefined && !isDeepStrictEqual(known, event) && !this.#mayBeLost(number)) {
      faults.push(`event ${number} was ${shortened(known)} and is ${shortened(event)}`)
    }
    this.#events.set(number, event)
    switch (event.type) {
      case "response.output_text.delta": {
        if (known !== undefined) break
        const key = `${stringOf(event.item_id)} ${Number(event.content_index)}`
        this.#texts.set(key, (this.#texts.get(key) ?? "") + stringOf(event.delta))
        break
      }
      case "response.output_item.done": {
        const { item } = event
        if (isObject(item)) faults.push(...this.#readDoneItem(item))
        break
      }
      case "response.completed":
      case "response.failed":
      case "response.incomplete":
        if (isObject(event.response)) faults.push(...this.readResource(event.response))
    }
    return faults
  }

  /** A whole replay from the first event on, of a response that has ended: nothing that was read may be missing. */
  readReplay(events: readonly JsonObject[]): string[] {
    const faults = events.flatMap((event) => this.readEvent(event))
    const numbers = new Set(events.map((event) => Number(event.sequence_number)))
    for (const [number, event] of this.#events) {
      if (numbers.has(number) || this.#mayBeLost(number)) continue
      faults.push(`event ${number} is missing: ${shortened(event)}`)
    }
    return faults
  }

  /** A replay behind `after`, which the reader had: it tells nothing again, and tells the end unless that was told. */
  readRest(after: number, events: readonly JsonObject[]): string[] {
    const wasAtEnd = isEnd(this.#events.get(after))
    const early = events.filter((event) => Number(event.sequence_number) <= after)
    const faults = early.map(
      (event) => `behind ${after} event ${Number(event.sequence_number)} is told again`,
    )
    const hasEnd = isEnd(events.at(-1))
    if (!wasAtEnd && !hasEnd) faults.push(`behind ${after} there is no end`)
    const end = events.at(-1)?.response
    if (hasEnd && isObject(end)) faults.push(...this.readResource(end))
    return faults
  }

  #mayBeLost(number: number): boolean {
    const error = this.#end?.error
    // Behind an agent that had acted, the name of the error is in its message.
    const diedWithService = isObject(error) && `${error.code} ${error.message}`.includes("server_restarted")
    return diedWithService && number > this.#lastDoneSequence
  }

  #readDoneItem(item: JsonObject): string[] {
    const id = stringOf(item.id)
    const known = this.#doneItems.get(id)
    this.#doneItems.set(id, known ?? item)
    if (known !== undefined) return differences(`item ${id}`, known, item)
    if (this.#end === null) return []
    return objectsOf(this.#end.output).some((one) => one.id === id) ? [] : [`item ${id} is not in the answer`]
  }

  /** Items that were told as done are in the answer, as they were told. */
  #itemFaults(resource: JsonObject): string[] {
    const items = new Map(objectsOf(resource.output).map((item) => [stringOf(item.id), item]))
    return [...this.#doneItems].flatMap(([id, told]) => {
      const found = items.get(id)
      if (found === undefined) return [`${stringOf(told.type)} ${id} was done, and is missing`]
      return differences(`item ${id}`, told, found)
    })
  }

  /** What deltas told of items that were not done yet is how the item goes on, or the item is cut before it. */
  #textFaults(resource: JsonObject): string[] {
    return objectsOf(resource.output).flatMap((item) =>
      objectsOf(item.content).flatMap((part, index) => {
        const told = this.#texts.get(`${stringOf(item.id)} ${index}`) ?? ""
        const text = stringOf(part.text)
        if (text.startsWith(told) || told.startsWith(text)) return []
        return [`item ${stringOf(item.id)} was told as ${shortened(told)} and is ${shortened(text)}`]
      }),
    )
  }
}

function isEnd(event: JsonObject | undefined): boolean {
  return ["response.completed", "response.failed", "response.incomplete"].includes(stringOf(event?.type))
}

/** Which fields differ, with both values. */
export function differences(what: string, before: JsonObject, now: JsonObject): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  const changed = names.filter((name) => !isDeepStrictEqual(before[name], now[name]))
  if (changed.length === 0) return []
  const told = changed.map((name) => `${name} ${shortened(before[name])} is ${shortened(now[name])}`)
  return [`${what} differs: ${told.join(", ")}`]
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value) ?? "absent"
  return text.length <= 160 ? text : `${text.slice(0, 120)}..${text.slice(-38)}`
}
