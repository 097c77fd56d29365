import { type IdPrefix, newId } from "../../domain/ids.ts"
import type {
  CommandItem,
  FunctionCallItem,
  Item,
  ItemStatus,
  MessageItem,
  ReasoningItem,
} from "../../domain/items.ts"
import { textPieces } from "../../domain/json-pieces.ts"
import type { CallMarker, ReasoningKind } from "../../domain/response-events.ts"
import type { DeltaChannel, ItemEvent } from "../../domain/turn-events.ts"
import type { ResponseLog } from "./response-log.ts"

/** A longer text is told in several deltas, in UTF-16 units. */
const maxDeltaLength = 16 * 1024

interface OpenItem {
  readonly outputIndex: number
  item: Item
  /** Parts of which something was sent; the log has what. */
  partCount: number
  /** First half of a character whose second half has not come yet. */
  carry: string
}

/** An item that is done, with its place in `output`. */
export interface RecordedItem {
  readonly outputIndex: number
  readonly item: Item
}

/**
 * Turns what a backend tells of a turn into the numbered events of the response, and into the items
 * of its `output`. The end of an item is held back in the log: whoever stores the item releases it
 * there. It repairs what backends differ in: items that were never announced, texts without deltas,
 * items left open at the end. Deltas, done texts and final items are equal, whatever comes.
 */
export class Recorder {
  readonly #log: ResponseLog
  readonly #server: string | null
  readonly #open = new Map<string, OpenItem>()
  /** How many of them are neither words nor thoughts. */
  #openWork = 0
  readonly #output: Item[] = []
  readonly #withdrawn: RecordedItem[] = []
  #itemCount = 0
  #characters = 0
  #isOver = false

  /** `server`: kind of the CLI whose work it records. */
  constructor(log: ResponseLog, server: string | null = null) {
    this.#log = log
    this.#server = server
  }

  /** Items that are done; holes of open items are left out. */
  get output(): readonly Item[] {
    return this.#output.filter((item) => item !== undefined)
  }

  /** The same with what was told and withdrawn. */
  get shown(): readonly Item[] {
    const items = [...this.#output]
    for (const { outputIndex, item } of this.#withdrawn) items[outputIndex] = item
    return items.filter((item) => item !== undefined)
  }

  /** Nothing was shown yet, and nothing begun. */
  get isEmpty(): boolean {
    return this.#itemCount === 0
  }

  /** Deltas were sent that belong to no finished item. */
  get hasOpenTexts(): boolean {
    for (const { partCount } of this.#open.values()) if (partCount > 0) return true
    return false
  }

  /** True while the agent works on something that may rightly be silent for long. */
  get hasOpenWork(): boolean {
    return this.#openWork > 0
  }

  /** UTF-16 units of all deltas and items so far: the bound on a flood is put on this. */
  get characters(): number {
    return this.#characters
  }

  /** Returns the item that the event finished, if it finished one. */
  record(event: ItemEvent): RecordedItem | null {
    if (this.#isOver) return null
    switch (event.type) {
      case "item.started":
        if (isOutput(event.item) && !this.#open.has(event.item.id)) this.#begin(event.item)
        return null
      case "item.delta":
        this.#delta(event.itemId, event.channel, event.index, event.text)
        return null
      case "item.withdrawn":
        this.#withdraw(event.itemId)
        return null
      case "item.completed":
      case "function.called":
        return isOutput(event.item) ? this.#complete(event.item) : null
    }
  }

  /** Ends what is still open, with the texts that were sent. Whatever comes later is left out. */
  finish(status: ItemStatus): RecordedItem[] {
    this.#isOver = true
    return [...this.#open.values()].map((open) => this.#close(open, this.#asSent(open, open.item), status))
  }

  #begin(native: Item): OpenItem {
    const outputIndex = this.#itemCount
    this.#itemCount += 1
    const item = this.#ownWork(emptied({ ...native, id: newId(prefixOf(native)) }))
    const open: OpenItem = { outputIndex, item, partCount: 0, carry: "" }
    this.#open.set(native.id, open)
    if (isWork(item)) this.#openWork += 1
    this.#log.append({ type: "item.added", outputIndex, item })
    if (item.type === "message") this.#log.append({ type: "part.added", outputIndex, partIndex: 0 })
    else if (isOwnTool(item)) this.#log.append({ type: "call.in_progress", outputIndex })
    if (item.type === "web_search") this.#log.append({ type: "call.searching", outputIndex })
    if (isToldEarly(item)) this.#tellArguments(outputIndex)
    return open
  }

  #delta(nativeId: string, channel: DeltaChannel, index: number, text: string): void {
    const open = this.#open.get(nativeId) ?? this.#begin(unannounced(nativeId, channel))
    const { whole, rest } = splitCharacter(open.carry + text)
    open.carry = rest
    if (whole !== "") this.#send(open, channel, index, whole)
  }

  #send(open: OpenItem, channel: DeltaChannel, index: number, text: string): void {
    const { outputIndex, item } = open
    const partIndex = item.type === "reasoning" ? index : 0
    // How it is told shows with its first text.
    if (item.type === "reasoning" && channel === "reasoning" && open.partCount === 0) {
      open.item = { ...item, isRaw: true }
    }
    const reasoning = reasoningKind(open.item)
    if (reasoning !== null) this.#openSummaries(open, reasoning, partIndex)
    const type =
      reasoning !== null
        ? (`${reasoning}.delta` as const)
        : channel === "arguments"
          ? "arguments.delta"
          : "text.delta"
    if (item.type !== "message" && item.type !== "reasoning" && item.type !== "function_call") return
    open.partCount = Math.max(open.partCount, partIndex + 1)
    this.#characters += text.length
    if (text.length <= maxDeltaLength) {
      this.#log.append({ type, outputIndex, partIndex, text })
      return
    }
    // An answer that came as a whole: each reader is to have it in pieces, as it takes them.
    for (const piece of textPieces(text, maxDeltaLength)) {
      this.#log.append({ type, outputIndex, partIndex, text: piece })
    }
  }

  /** Of a tool of the agent's own: what they are is in the item. */
  #tellArguments(outputIndex: number): void {
    this.#log.append({ type: "arguments.delta", outputIndex, partIndex: 0, text: "" })
    this.#log.append({ type: "arguments.done", outputIndex, partIndex: 0, text: "" })
  }

  /** A summary part begins only when the one before it is done. */
  #openSummaries(open: OpenItem, kind: ReasoningKind, upTo: number): void {
    while (open.partCount <= upTo) {
      const previous = open.partCount - 1
      if (previous >= 0) this.#endSummary(open, kind, previous)
      open.partCount += 1
      this.#log.append({ type: `${kind}.added`, outputIndex: open.outputIndex, partIndex: previous + 1 })
    }
  }

  #endSummary({ outputIndex }: OpenItem, kind: ReasoningKind, partIndex: number): void {
    const text = this.#log.partText(outputIndex, partIndex)
    this.#log.append({ type: `${kind}.done`, outputIndex, partIndex, text })
    this.#log.append({ type: `${kind}.part_done`, outputIndex, partIndex })
  }

  #complete(native: Item): RecordedItem {
    const open = this.#open.get(native.id) ?? this.#begin(native)
    open.carry = ""
    textsOf(native).forEach((text, index) => {
      const sentLength = this.#log.partLength(open.outputIndex, index)
      // What was sent cannot be taken back: only a longer text is followed up.
      if (text.length > sentLength && text.startsWith(this.#log.partText(open.outputIndex, index, text))) {
        this.#send(open, channelOf(native), index, text.slice(sentLength))
      }
    })
    return this.#close(open, this.#asSent(open, { ...native, id: open.item.id }), null)
  }

  #forget(nativeId: string, { item }: OpenItem): void {
    this.#open.delete(nativeId)
    if (isWork(item)) this.#openWork -= 1
  }

  /** Nothing is held for it: it is not stored, but for what the log has. */
  #withdraw(nativeId: string): void {
    const open = this.#open.get(nativeId)
    if (open === undefined || isOwnTool(open.item)) return
    const { outputIndex } = open
    this.#forget(nativeId, open)
    const ended = finished(this.#asSent(open, open.item), "incomplete")
    const item: Item = ended.type === "message" ? { ...ended, isWithdrawn: true } : ended
    this.#tellEnd(open, item)
    this.#log.append({ type: "item.withdrawn", outputIndex, item })
    this.#withdrawn.push({ outputIndex, item })
  }

  /** With the texts that were sent, which need not be those that it had at its end. */
  #asSent({ outputIndex, partCount, item: begun }: OpenItem, item: Item): Item {
    if (item.type === "command" && isToldEarly(begun)) {
      return { ...item, command: begun.command, cwd: begun.cwd }
    }
    const told = textsOf(item)
    const sent = (part: number) => this.#log.partText(outputIndex, part, told[part])
    if (item.type === "message") return { ...item, content: [{ type: "text", text: sent(0) }] }
    if (item.type === "reasoning") {
      const { isRaw: _, ...rest } = item
      const summary = Array.from({ length: partCount }, (_part, part) => sent(part))
      return { ...rest, summary, ...(reasoningKind(begun) === "reasoning" && { isRaw: true }) }
    }
    if (item.type === "function_call") return { ...item, arguments: sent(0) }
    return item
  }

  #close(open: OpenItem, item: Item, status: ItemStatus | null): RecordedItem {
    const { outputIndex } = open
    const final = this.#ownWork(finished(item, status))
    for (const [key, value] of this.#open) if (value === open) this.#forget(key, open)
    this.#log.hold()
    this.#tellEnd(open, final)
    this.#log.append({ type: "item.done", outputIndex, item: final })
    this.#output[outputIndex] = final
    this.#characters += sizeOf(final)
    return { outputIndex, item: final }
  }

  #ownWork(item: Item): Item {
    const isMade = item.type === "command" || item.type === "file_change"
    return isMade && this.#server !== null ? { ...item, server: this.#server } : item
  }

  /** What stands before the end of an item. */
  #tellEnd(open: OpenItem, final: Item): void {
    const { outputIndex } = open
    if (final.type === "message") {
      this.#log.append({ type: "text.done", outputIndex, partIndex: 0, text: textsOf(final)[0] ?? "" })
      this.#log.append({ type: "part.done", outputIndex, partIndex: 0 })
    } else if (final.type === "reasoning") {
      if (open.partCount > 0) this.#endSummary(open, reasoningKind(final) ?? "summary", open.partCount - 1)
    } else if (final.type === "function_call") {
      this.#log.append({ type: "arguments.done", outputIndex, partIndex: 0, text: final.arguments })
    } else if (isOwnTool(final)) {
      if (final.type !== "web_search" && !isToldEarly(open.item)) this.#tellArguments(outputIndex)
      const marker: CallMarker =
        final.status === "completed" || final.type === "web_search" ? "call.completed" : "call.failed"
      this.#log.append({ type: marker, outputIndex })
    }
  }
}

function isWork({ type }: Item): boolean {
  return type !== "message" && type !== "reasoning"
}

/** What an item holds beyond the texts that came as deltas. */
function sizeOf(item: Item): number {
  if (item.type === "command") return item.output.length
  if (item.type === "tool_call") return item.arguments.length + (item.output?.length ?? 0)
  if (item.type === "file_change") return item.changes.reduce((sum, change) => sum + change.diff.length, 0)
  return 0
}

/** What users said is input, not output. */
function isOutput(item: Item): boolean {
  return item.type !== "function_call_output" && !(item.type === "message" && item.role !== "assistant")
}

function isOwnTool(item: Item): boolean {
  return (
    item.type === "command" ||
    item.type === "file_change" ||
    item.type === "tool_call" ||
    item.type === "web_search"
  )
}

/** A command may run for long, and is known when it begins. */
function isToldEarly(begun: Item): begun is CommandItem {
  return begun.type === "command" && begun.command !== ""
}

function prefixOf(item: Item): IdPrefix {
  switch (item.type) {
    case "message":
      return "msg_"
    case "reasoning":
      return "rs_"
    case "web_search":
      return "ws_"
    case "function_call":
      return "fc_"
    case "function_call_output":
      return "fco_"
    default:
      return "mcp_"
  }
}

/** The item as it is announced: status in_progress, nothing that deltas or the end will bring. */
function emptied(item: Item): Item {
  const status = "in_progress"
  switch (item.type) {
    case "message":
      return { ...item, content: [], status }
    case "reasoning":
      return { ...item, summary: [], status }
    case "command":
      return { ...item, output: "", exitCode: null, status }
    case "tool_call":
      return { ...item, output: null, error: null, status }
    case "function_call":
      return { ...item, arguments: "", status }
    default:
      return { ...item, status }
  }
}

function unannounced(id: string, channel: DeltaChannel): Item {
  const status = "in_progress"
  if (channel === "summary" || channel === "reasoning") {
    return { type: "reasoning", id, summary: [], status } satisfies ReasoningItem
  }
  if (channel === "arguments") {
    return {
      type: "function_call",
      id,
      callId: id,
      name: "",
      arguments: "",
      status,
    } satisfies FunctionCallItem
  }
  return { type: "message", id, role: "assistant", content: [], phase: null, status } satisfies MessageItem
}

/** Null: it is none. */
function reasoningKind(item: Item): ReasoningKind | null {
  if (item.type !== "reasoning") return null
  return item.isRaw === true ? "reasoning" : "summary"
}

function channelOf(item: Item): DeltaChannel {
  return reasoningKind(item) ?? (item.type === "function_call" ? "arguments" : "text")
}

function textsOf(item: Item): readonly string[] {
  if (item.type === "message") {
    return [item.content.map((part) => (part.type === "text" ? part.text : "")).join("")]
  }
  if (item.type === "reasoning") return item.summary
  if (item.type === "function_call") return [item.arguments]
  return []
}

function finished(item: Item, status: ItemStatus | null): Item {
  const final = status ?? (item.status === "in_progress" ? "completed" : item.status)
  // A tool that was cut off has failed; a text that was cut off is incomplete.
  return { ...item, status: final === "incomplete" && isOwnTool(item) ? "failed" : final }
}

/** Splits off a first half of a surrogate pair at the end: a character is never cut in two. */
function splitCharacter(text: string): { whole: string; rest: string } {
  const last = text.charCodeAt(text.length - 1)
  if (last >= 0xd800 && last <= 0xdbff) return { whole: text.slice(0, -1), rest: text.slice(-1) }
  return { whole: text, rest: "" }
}
