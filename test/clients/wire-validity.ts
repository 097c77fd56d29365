import { isDeepStrictEqual } from "node:util"
import { readSse, type SseFrame } from "./sse-frames.ts"

// biome-ignore lint/suspicious/noExplicitAny: wire objects of many forms, which the checks look into freely
export type Wire = any

const terminalTypes = ["response.completed", "response.failed", "response.incomplete"]

/**
 * What is wrong with an event stream of the Responses API; empty: nothing. Checks what holds for every turn, whatever the
 * agent did: numbers, order, one id an item, and that deltas, done events and the final response say the same.
 * `from` is the number of the first event (a stream taken up again): without the beginning only numbers and end are checked.
 */
export function responsesStreamFaults(text: string, from = 0): string[] {
  const { frames, faults } = readSse(text)
  const checker = new ResponsesStreamChecker(from)
  const events = untilDone(frames, checker.faults)
  for (const { event, data } of events) checker.read(event, JSON.parse(data))
  checker.end()
  return [...faults, ...checker.faults]
}

/**
 * What is wrong with the events of one response as a WebSocket has brought them, from their beginning: as those of the
 * stream, without names and `[DONE]`. The number before a `response.failed` is that of the stream's `error` event.
 * `isUnfinished`: the reader left before the end.
 */
export function socketResponseFaults(events: readonly Wire[], isUnfinished = false): string[] {
  const checker = new ResponsesStreamChecker(0)
  for (const event of events) {
    if (event.type === "response.failed") checker.skip()
    checker.read(event.type, event)
  }
  if (!isUnfinished) checker.end()
  return checker.faults
}

/** All frames before `[DONE]`, which has to be the last. */
export function untilDone(frames: readonly SseFrame[], faults: string[]): readonly SseFrame[] {
  const doneAt = frames.findIndex((frame) => frame.data === "[DONE]")
  if (doneAt === -1) faults.push("there is no [DONE]")
  else if (doneAt !== frames.length - 1) faults.push("something comes after [DONE]")
  return frames.filter((frame) => frame.data !== "[DONE]")
}

interface OpenText {
  deltas: string
  /** The text of the `done` event; null: not yet. */
  done: string | null
}

interface TrackedItem {
  readonly id: string
  readonly type: string
  /** Parts of content or summary by their index; arguments are part 0. */
  readonly parts: Map<number, OpenText>
  readonly closedParts: Set<number>
  done: Wire
}

/** What is to be in the output: a text that broke off, and in whose place the next item came, is withdrawn. */
function kept(done: readonly Wire[], output: readonly Wire[]): readonly Wire[] {
  const ids = new Set(output.map(({ id }) => id))
  const isWithdrawn = (item: Wire, index: number) =>
    ["message", "reasoning"].includes(item.type) && item.status === "incomplete" && index < done.length - 1
  return done.filter((item, index) => ids.has(item.id) || !isWithdrawn(item, index))
}

class ResponsesStreamChecker {
  readonly faults: string[] = []
  readonly #items: TrackedItem[] = []
  readonly #isPartial: boolean
  #next: number
  #count = 0
  #responseId: string | null = null
  #terminal: string | null = null

  constructor(from: number) {
    this.#next = from
    this.#isPartial = from > 0
  }

  read(name: string | null, event: Wire): void {
    const { type } = event
    const fault = (text: string) => this.faults.push(`#${event.sequence_number} ${type}: ${text}`)
    if (name !== type) fault(`its event line says ${name}`)
    if (type === "keepalive") {
      if (event.sequence_number !== this.#next - 1) fault(`number ${this.#next - 1} was expected`)
      if (this.#terminal !== null) fault(`comes after ${this.#terminal}`)
      return
    }
    if (event.sequence_number !== this.#next) fault(`number ${this.#next} was expected`)
    this.#next += 1
    if (this.#terminal !== null) fault(`comes after ${this.#terminal}`)
    if (!this.#isPartial && this.#count < 1 && type !== "response.created") fault("is the first event")
    if (this.#count > 0 && type === "response.created") fault("is not the first event")
    this.#count += 1
    for (const text of [event.delta, event.text]) {
      if (typeof text === "string" && !text.isWellFormed()) fault("cuts a character in two")
    }
    if (event.response !== undefined) this.#readLifecycle(event, fault)
    else if (type !== "error" && !this.#isPartial) this.#readItemEvent(event, fault)
  }

  /** The next number is an event's that is not to be seen here. */
  skip(): void {
    this.#next += 1
  }

  end(): void {
    // Taken up behind its end it has nothing more to say.
    if (this.#isPartial && this.#count === 0) return
    if (this.#terminal === null) this.faults.push("there is no terminal event")
  }

  #readLifecycle(event: Wire, fault: (text: string) => void): void {
    const { type, response } = event
    this.#responseId ??= response.id
    if (response.id !== this.#responseId) fault(`the response's id changed to ${response.id}`)
    if (!terminalTypes.includes(type)) {
      if (response.output.length > 0) fault("the response has output already")
      return
    }
    this.#terminal = type
    const status = type.slice("response.".length)
    if (response.status !== status && !(status === "incomplete" && response.status === "cancelled")) {
      fault(`the response's status is ${response.status}`)
    }
    if (this.#isPartial) return
    const done = this.#items.map((item) => item.done)
    if (done.includes(null)) fault(`item ${done.indexOf(null)} was never done`)
    else if (!isDeepStrictEqual(response.output, kept(done, response.output)))
      fault("the output is not what the done events said")
  }

  #readItemEvent(event: Wire, fault: (text: string) => void): void {
    const { type, output_index: index } = event
    if (type === "response.output_item.added") {
      if (index !== this.#items.length) fault(`output_index ${this.#items.length} was expected`)
      const { id, type: itemType, arguments: announced } = event.item
      if (this.#items.some((item) => item.id === id)) fault(`the id ${id} is not new`)
      if (announced !== undefined && announced !== "") fault("is announced with arguments")
      this.#items.push({
        id,
        type: itemType,
        parts: new Map(),
        closedParts: new Set(),
        done: null,
      })
      return
    }
    const item = this.#items[index]
    if (item === undefined) {
      fault(`item ${index} was never added`)
      return
    }
    if (item.done !== null) fault(`item ${index} is done already`)
    if (type === "response.output_item.done") {
      if (event.item.id !== item.id) fault(`the item's id is ${event.item.id}, not ${item.id}`)
      if (event.item.type !== item.type) fault(`the item's type is ${event.item.type}, not ${item.type}`)
      item.done = event.item
      this.#compareTexts(item, fault)
      return
    }
    if (event.item_id !== item.id) fault(`item_id is ${event.item_id}, not ${item.id}`)
    this.#readPartEvent(event, item, fault)
  }

  #readPartEvent(event: Wire, item: TrackedItem, fault: (text: string) => void): void {
    const { type } = event
    const partIndex: number = event.content_index ?? event.summary_index ?? 0
    const part = item.parts.get(partIndex)
    if (type.endsWith("_part.added")) {
      if (part !== undefined) fault(`part ${partIndex} was added before`)
      item.parts.set(partIndex, { deltas: "", done: null })
    } else if (type.endsWith("_part.done")) {
      if (part?.done !== event.part.text) fault(`the part is not the done text of part ${partIndex}`)
      if (item.closedParts.has(partIndex)) fault(`part ${partIndex} was done before`)
      item.closedParts.add(partIndex)
    } else if (type.endsWith(".delta")) {
      if (part === undefined && !type.includes("arguments")) fault(`part ${partIndex} was never added`)
      if (part !== undefined && part.done !== null) fault("comes after done")
      item.parts.set(partIndex, { deltas: (part?.deltas ?? "") + event.delta, done: null })
    } else if (type.endsWith("_text.done") || type.endsWith("_arguments.done")) {
      const text: string = event.text ?? event.arguments
      if (part === undefined && !type.includes("arguments")) fault(`part ${partIndex} was never added`)
      if (part !== undefined && part.deltas !== text) fault("the deltas do not add up to the text")
      if (part === undefined && text !== "") fault("no delta brought the text")
      item.parts.set(partIndex, { deltas: part?.deltas ?? "", done: text })
    }
  }

  #compareTexts(item: TrackedItem, fault: (text: string) => void): void {
    const texts = [...item.parts.values()].map((part) => part.done)
    if (texts.includes(null)) fault("a part was never done")
    const { content, summary, arguments: args } = item.done
    const final: string[] =
      item.type === "message"
        ? content.map((part: Wire) => part.text)
        : item.type === "reasoning"
          ? [...summary, ...(content ?? [])].map((part: Wire) => part.text)
          : args === undefined
            ? []
            : [args]
    if (!isDeepStrictEqual(texts, final)) {
      fault(`the item says ${JSON.stringify(final)}, its events said ${JSON.stringify(texts)}`)
    }
    if (item.type === "message" || item.type === "reasoning") {
      if (item.closedParts.size !== final.length) fault("a part was never closed")
    }
  }
}
