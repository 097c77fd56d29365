import type { Item } from "../../domain/items.ts"
import type { DeltaType, ResponseEvent, TextDone, TextEvent } from "../../domain/response-events.ts"
import type { ResponseLogReader } from "../../domain/response-log.ts"
import type { LogSegment } from "../../domain/store.ts"

/**
 * Deltas of one part that follow one another: one text and the length of each, instead of an object
 * a delta. A hundred thousand deltas cost about their text and one small integer each; once the
 * part is done the text is a slice of the whole one, which the item has.
 */
interface DeltaRun {
  readonly first: number
  readonly type: DeltaType
  readonly outputIndex: number
  readonly partIndex: number
  text: GrowingText | string
  /** Of the first `count` deltas, in UTF-16 units. Not in the heap: they would be half of it. */
  lengths: Uint32Array
  count: number
}

interface SingleEvent {
  readonly first: number
  readonly event: ResponseEvent
}

type Entry = DeltaRun | SingleEvent

/** A run is closed at this many characters, so that reading the newest delta never copies more. */
const maxRunChars = 4096
const maxRunDeltas = 512

/** The append-only log of one response, compact in memory and in storage; see `ResponseEvent`. */
export class ResponseLog implements ResponseLogReader {
  readonly #entries: Entry[] = []
  #length = 0
  #isClosed = false
  /** First sequence number and entry that `takeUnsaved` has not handed out yet. */
  #savedLength = 0
  #savedEntries = 0
  #waiting: (() => void)[] = []
  /** Ends of items that readers are not to see yet, oldest first: where each begins. */
  #held: { readonly length: number; readonly entries: number }[] = []

  get length(): number {
    return this.#held[0]?.length ?? this.#length
  }

  /** Readers wait for something that is in the log. */
  get isHeld(): boolean {
    return this.#held.length > 0
  }

  /** What is appended from now on, the end of an item, is shown when it is stored (`release`). */
  hold(): void {
    this.#held.push({ length: this.#length, entries: this.#entries.length })
  }

  /** The `count` oldest held ends are stored. */
  release(count: number): void {
    this.#held.splice(0, count)
    this.#wake()
  }

  /** What is held cannot be stored, and so is never shown. */
  dropHeld(): void {
    const [first] = this.#held
    if (first === undefined) return
    this.#held = []
    this.#entries.length = first.entries
    this.#length = first.length
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  append(event: ResponseEvent): void {
    if (isDelta(event)) {
      this.#appendDelta(event.type, event.outputIndex, event.partIndex, event.text)
    } else {
      const last = this.#entries.at(-1)
      if (last !== undefined && "lengths" in last) last.lengths = last.lengths.slice(0, last.count)
      this.#entries.push({ first: this.#length, event })
      if (isTextDone(event)) this.#share(event)
    }
    this.#length += 1
    if (!this.isHeld) this.#wake()
  }

  /** No event comes any more. */
  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  read(from: number, most: number): ResponseEvent[] {
    const events: ResponseEvent[] = []
    const limit = Math.min(most, this.length - from)
    for (let i = this.#entryAt(from); i < this.#entries.length && events.length < limit; i += 1) {
      const entry = this.#entries[i]
      if (entry === undefined) break
      if ("event" in entry) events.push(entry.event)
      else readRun(entry, from + events.length - entry.first, limit, events)
    }
    return events
  }

  /** UTF-16 units that were told of a part of an item so far. */
  partLength(outputIndex: number, partIndex: number): number {
    return this.#runsOf(outputIndex, partIndex).reduce((sum, run) => sum + run.text.length, 0)
  }

  /**
   * What was told of a part so far. Where `known` begins with it, it is cut out of that: a long
   * answer comes a second time as a whole, and is to be in memory once.
   */
  partText(outputIndex: number, partIndex: number, known = ""): string {
    const runs = this.#runsOf(outputIndex, partIndex)
    let position = 0
    for (const run of runs) {
      const text = run.text.toString()
      if (!known.startsWith(text, position)) return runs.map((each) => each.text.toString()).join("")
      position += text.length
    }
    return known.slice(0, position)
  }

  async waitFor(from: number): Promise<void> {
    if (from < this.length || this.#isClosed) return
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /**
   * What was appended since the last call, for the store; `last` is an event that is to be stored
   * before it is appended. Texts are left out: they are in the items. Call it only while no item is
   * open of which deltas were sent, so that every stored delta belongs to a stored item. Null:
   * nothing new.
   */
  takeUnsaved(last?: ResponseEvent): LogSegment | null {
    // One after the other: the lengths of all deltas as one array would be the largest thing that a
    // long answer needs.
    const entries = this.#entries.slice(this.#savedEntries).map((entry) => JSON.stringify(toStored(entry)))
    if (last) entries.push(JSON.stringify(last))
    if (entries.length === 0) return null
    const segment = { firstSequence: this.#savedLength, json: `[${entries.join(",")}]` }
    this.#savedLength = this.#length + (last ? 1 : 0)
    this.#savedEntries = this.#entries.length + (last ? 1 : 0)
    return segment
  }

  /**
   * The log as it was stored, with the response's items: of one that was cut off there may be items
   * that are announced in the log and were never stored. Throws when a segment is not what
   * `takeUnsaved` wrote.
   */
  static restore(segments: readonly LogSegment[], output: readonly Item[]): ResponseLog {
    const log = new ResponseLog()
    const positions = new Map<string, number>()
    const byId = new Map([...output, ...withdrawnItems(segments)].map((item) => [item.id, item]))
    const items: (Item | undefined)[] = []
    for (const segment of segments) {
      for (const entry of entriesOf(segment)) {
        if ("lengths" in entry) {
          log.#restoreRun(entry, items, positions)
          continue
        }
        if (entry.type === "item.added") items[entry.outputIndex] = byId.get(entry.item.id)
        log.append(log.#withText(withItem(entry, items), items))
      }
    }
    log.#savedLength = log.#length
    log.#savedEntries = log.#entries.length
    log.#isClosed = true
    return log
  }

  #appendDelta(type: DeltaType, outputIndex: number, partIndex: number, text: string): void {
    const last = this.#entries.at(-1)
    if (
      last !== undefined &&
      "lengths" in last &&
      last.type === type &&
      last.outputIndex === outputIndex &&
      last.partIndex === partIndex &&
      last.text.length < maxRunChars &&
      last.count < maxRunDeltas &&
      this.#entries.length > this.#savedEntries &&
      last.text instanceof GrowingText
    ) {
      last.text.append(text)
      last.lengths[last.count] = text.length
      last.count += 1
    } else {
      // An answer may have thousands of short items.
      if (last !== undefined && "lengths" in last) last.lengths = last.lengths.slice(0, last.count)
      const grown = new GrowingText(text)
      const lengths = new Uint32Array(maxRunDeltas)
      lengths[0] = text.length
      this.#entries.push({
        first: this.#length,
        type,
        outputIndex,
        partIndex,
        text: grown,
        lengths,
        count: 1,
      })
    }
  }

  #restoreRun(run: StoredRun, output: StoredItems, positions: Map<string, number>): void {
    const key = `${run.type}/${run.outputIndex}/${run.partIndex}`
    const whole = partText(output[run.outputIndex], run.type, run.partIndex)
    let position = positions.get(key) ?? 0
    for (const length of run.lengths) {
      const text = whole.slice(position, position + length)
      this.append({ type: run.type, outputIndex: run.outputIndex, partIndex: run.partIndex, text })
      position += length
    }
    positions.set(key, position)
  }

  /** Of a stored event, which is without its text. */
  #withText(event: ResponseEvent, output: StoredItems): ResponseEvent {
    if (!isTextDone(event)) return event
    const { outputIndex, partIndex } = event
    const whole = partText(output[outputIndex], "text.delta", partIndex)
    return { ...event, text: this.partText(outputIndex, partIndex, whole) }
  }

  #share({ outputIndex, partIndex, text }: Extract<ResponseEvent, { readonly text: string }>): void {
    if (this.partLength(outputIndex, partIndex) !== text.length) return
    let position = 0
    for (const run of this.#runsOf(outputIndex, partIndex)) {
      const end = position + run.text.length
      run.text = text.slice(position, end)
      position = end
    }
  }

  /** In order. All deltas of an item are behind the event that announced it. */
  #runsOf(outputIndex: number, partIndex: number): readonly DeltaRun[] {
    const runs: DeltaRun[] = []
    for (let i = this.#entries.length - 1; i >= 0; i -= 1) {
      const entry = this.#entries[i]
      if (entry === undefined) break
      if ("lengths" in entry) {
        if (entry.outputIndex === outputIndex && entry.partIndex === partIndex) runs.push(entry)
      } else if (entry.event.type === "item.added" && entry.event.outputIndex === outputIndex) break
    }
    return runs.reverse()
  }

  /** Index of the entry that holds sequence number `sequence`. */
  #entryAt(sequence: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const entry = this.#entries[middle]
      if (entry !== undefined && entry.first + sizeOf(entry) <= sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  #wake(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

/** By `outputIndex`, which is no place among the stored items: one may never have been stored. */
type StoredItems = readonly (Item | undefined)[]

interface StoredRun {
  readonly type: DeltaType
  readonly outputIndex: number
  readonly partIndex: number
  readonly lengths: readonly number[]
}

/** `item.done` is stored without its item: the item has a row of its own. */
type StoredEntry = StoredRun | ResponseEvent

function entriesOf({ json }: LogSegment): readonly StoredEntry[] {
  // Written by `takeUnsaved` of this or an earlier release into our own database.
  return JSON.parse(json) as StoredEntry[]
}

/** They are in the log alone, whole; there are hardly ever any. */
function withdrawnItems(segments: readonly LogSegment[]): readonly Item[] {
  return segments
    .filter(({ json }) => json.includes('"item.withdrawn"'))
    .flatMap(entriesOf)
    .flatMap((entry) => (entry.type === "item.withdrawn" ? [entry.item] : []))
}

function toStored(entry: Entry): unknown {
  if ("lengths" in entry) {
    const { type, outputIndex, partIndex, lengths, count } = entry
    return { type, outputIndex, partIndex, lengths: Array.from(lengths.subarray(0, count)) }
  }
  if (entry.event.type === "item.done") {
    return { type: entry.event.type, outputIndex: entry.event.outputIndex }
  }
  const { event } = entry
  return isTextDone(event) ? { ...event, text: "" } : event
}

function withItem(entry: ResponseEvent, output: StoredItems): ResponseEvent {
  if (entry.type !== "item.done") return entry
  const item = output[entry.outputIndex]
  if (item === undefined)
    throw new Error(`the stored log names output item ${entry.outputIndex}, which is not stored`)
  return { ...entry, item }
}

type TextOf<Type extends TextEvent> = Extract<ResponseEvent, { readonly text: string }> & {
  readonly type: Type
}

function isDelta(event: ResponseEvent): event is TextOf<DeltaType> {
  return event.type.endsWith(".delta")
}

/** The text of it is in the item as well, but for arguments. */
function isTextDone(event: ResponseEvent): event is TextOf<Exclude<TextDone, "arguments.done">> {
  return event.type === "text.done" || event.type === "summary.done" || event.type === "reasoning.done"
}

function sizeOf(entry: Entry): number {
  return "lengths" in entry ? entry.count : 1
}

function readRun(run: DeltaRun, skip: number, limit: number, into: ResponseEvent[]): void {
  const { type, outputIndex, partIndex } = run
  const whole = run.text.toString()
  let position = 0
  for (let i = 0; i < run.count && into.length < limit; i += 1) {
    const end = position + (run.lengths[i] ?? 0)
    if (i >= skip) into.push({ type, outputIndex, partIndex, text: whole.slice(position, end) })
    position = end
  }
}

function partText(item: Item | undefined, type: DeltaType, partIndex: number): string {
  if (item?.type === "message") {
    const part = item.content[partIndex]
    return part?.type === "text" ? part.text : ""
  }
  if (item?.type === "reasoning") return item.summary[partIndex] ?? ""
  if (item?.type === "function_call" && type === "arguments.delta") return item.arguments
  return ""
}

/** So many appended pieces are joined in one go. */
const tailPieces = 64

/**
 * A text that grows by small pieces. `+=` would keep each piece and a node beside it for as long as
 * nobody reads the whole: ten times the memory of the text, until the old generation is collected.
 */
export class GrowingText {
  #joined: string[] = []
  #tail: string[] = []
  #length = 0

  constructor(text = "") {
    if (text !== "") this.append(text)
  }

  get length(): number {
    return this.#length
  }

  append(text: string): void {
    this.#length += text.length
    this.#tail.push(text)
    if (this.#tail.length < tailPieces) return
    this.#joined.push(this.#tail.join(""))
    this.#tail = []
  }

  toString(): string {
    if (this.#tail.length > 0 || this.#joined.length > 1) {
      this.#joined = [[...this.#joined, ...this.#tail].join("")]
      this.#tail = []
    }
    return this.#joined[0] ?? ""
  }
}
