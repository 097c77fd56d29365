import { ProxyError } from "../../domain/errors.ts"
import type { Item } from "../../domain/items.ts"
import type { PartMarker, ResponseEvent, TextEvent } from "../../domain/response-events.ts"
import { hasActed, type ResponseRecord, type ResponseStatus } from "../../domain/responses.ts"
import { toResponseError } from "../common/errors.ts"
import type { WireObject } from "../common/shape.ts"
import { doneSse, eventSse, joinSse, namedSse, type SseText } from "../common/sse.ts"
import { toResponse } from "./resource.ts"
import { toAddedItem, toOutputText, toReasoningText, toSummaryPart, toWireItem } from "./wire-items.ts"

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

export interface DeltaHead {
  readonly item: Item
  readonly outputIndex: number
  readonly partIndex: number
  readonly text: string
}

export type WireEvent = WireObject & { readonly type: string; readonly sequence_number: number }

/**
 * Event number `sequence` of the log as text of the stream. A failure is two events: `error`, which
 * makes official clients throw, numbered as in the log, and `response.failed` after it for those
 * that read on. The last one is followed by `[DONE]`. Of the end, events up to number `after` are
 * left out: a reader that takes a stream up again has them already.
 */
export function encodeResponsesSse(
  event: ResponseEvent,
  sequence: number,
  source: EventSource,
  after = -1,
): SseText {
  switch (event.type) {
    case "text.delta":
      return encodeTextDelta(event, sequence, source)
    case "failed":
    case "completed":
    case "incomplete":
    case "cancelled":
      return joinSse([
        ...toWireEvents(event, sequence, source)
          .filter((wireEvent) => wireEvent.sequence_number > after)
          .map(eventSse),
        doneSse,
      ])
    default:
      return eventSse(toWireEvent(event, sequence, source))
  }
}

/**
 * Says nothing but that the turn goes on, in OpenAI's own words. It has the number of the event
 * before it: a reader that takes the stream up behind that number misses nothing.
 */
export function keepAliveEvent(sequence: number): WireEvent {
  return { type: "keepalive", sequence_number: sequence }
}

/** The same as text of the stream. */
export function keepAliveSse(sequence: number): string {
  const event = keepAliveEvent(sequence)
  return namedSse(event.type, JSON.stringify(event))
}

/** The same as objects, whatever carries them: a failure is two events, everything else one. */
export function toWireEvents(
  event: ResponseEvent,
  sequence: number,
  source: EventSource,
): readonly WireEvent[] {
  if (event.type !== "failed") return [toWireEvent(event, sequence, source)]
  return [errorEvent(sequence, source.record), toWireEvent(event, sequence + 1, source)]
}

/** One event as an object, with every field that official clients ask for. */
export function toWireEvent(event: ResponseEvent, sequence: number, source: EventSource): WireEvent {
  const { record, serverLabel } = source
  switch (event.type) {
    case "created":
      return lifecycle("created", record.isBackground ? "queued" : "running", sequence, source)
    case "in_progress":
      return lifecycle("in_progress", "running", sequence, source)
    case "queued":
      return lifecycle("queued", "queued", sequence, source)
    case "completed":
    case "failed":
    case "incomplete":
      return lifecycle(event.type, event.type, sequence, source, record.output)
    case "cancelled":
      return lifecycle("incomplete", "cancelled", sequence, source, record.output)
    case "item.added":
    case "item.done":
    case "item.withdrawn": {
      const isAdded = event.type === "item.added"
      return {
        type: `response.output_item.${isAdded ? "added" : "done"}`,
        output_index: event.outputIndex,
        item: isAdded ? toAddedItem(event.item, serverLabel) : toWireItem(event.item, serverLabel),
        sequence_number: sequence,
      }
    }
    case "call.in_progress":
    case "call.searching":
    case "call.completed":
    case "call.failed": {
      const item = itemOf(source, event.outputIndex)
      return {
        type: callType(event.type, item),
        item_id: item.id,
        output_index: event.outputIndex,
        sequence_number: sequence,
      }
    }
    case "arguments.delta":
    case "arguments.done":
      return argumentsEvent(event, sequence, source)
    default:
      return "text" in event ? textEvent(event, sequence, source) : partMarker(event, sequence, source)
  }
}

/**
 * The `error` event as OpenAI's document has it (`ResponseErrorEvent`), flat: to openai-go and
 * openai-python a nested `error` is the end of the stream, and they would never see the
 * `response.failed` behind it. It has the true code; but where the agent may have acted and no item
 * told of it, that of `response.failed`: before the first item `@ai-sdk/openai` asks again by it.
 */
function errorEvent(sequence: number, record: ResponseRecord): WireEvent {
  const isUntold = record.output.length === 0 && hasActed(record)
  const failed = record.error ?? { code: "internal_error", message: "The turn failed." }
  const { code, message } = isUntold ? toResponseError(record) : failed
  return { type: "error", code, message, param: null, sequence_number: sequence }
}

/**
 * The hot path: one turn may have a hundred thousand of these, so only the texts are turned into
 * JSON by the engine, and what stands before them is made once an item.
 */
function encodeTextDelta(
  { outputIndex, partIndex, text }: { outputIndex: number; partIndex: number; text: string },
  sequence: number,
  source: EventSource,
): string {
  const item = itemOf(source, outputIndex)
  let head = source.deltaHead
  if (head?.item !== item || head.outputIndex !== outputIndex || head.partIndex !== partIndex) {
    const id = JSON.stringify(item.id)
    const json = `{"type":"response.output_text.delta","item_id":${id},"output_index":${outputIndex},"content_index":${partIndex}`
    head = { item, outputIndex, partIndex, text: `event: response.output_text.delta\ndata: ${json},"delta":` }
    source.deltaHead = head
  }
  return `${head.text}${JSON.stringify(text)},"logprobs":[],"sequence_number":${sequence}}\n\n`
}

function lifecycle(
  type: string,
  status: ResponseStatus,
  sequence: number,
  source: EventSource,
  output: readonly Item[] = [],
): WireEvent {
  const response = toResponse(source.record, source.serverLabel, { status, output })
  return { type: `response.${type}`, response, sequence_number: sequence }
}

/** How the parts of items are told, by what they are. */
const partKinds = {
  text: {
    part: "response.content_part",
    text: "response.output_text",
    index: "content_index",
    toPart: toOutputText,
    others: { logprobs: [] },
  },
  reasoning: {
    part: "response.content_part",
    text: "response.reasoning_text",
    index: "content_index",
    toPart: toReasoningText,
    others: null,
  },
  summary: {
    part: "response.reasoning_summary_part",
    text: "response.reasoning_summary_text",
    index: "summary_index",
    toPart: toSummaryPart,
    others: null,
  },
} as const

function partKindOf(type: PartMarker | TextEvent) {
  if (type.startsWith("summary.")) return partKinds.summary
  return type.startsWith("reasoning.") ? partKinds.reasoning : partKinds.text
}

function partMarker(
  event: { type: PartMarker; outputIndex: number; partIndex: number },
  sequence: number,
  source: EventSource,
): WireEvent {
  const item = itemOf(source, event.outputIndex)
  const { part, index, toPart } = partKindOf(event.type)
  const isDone = event.type.endsWith("done")
  return {
    type: `${part}.${isDone ? "done" : "added"}`,
    item_id: item.id,
    output_index: event.outputIndex,
    [index]: event.partIndex,
    part: toPart(isDone ? contentText(item, event.partIndex) : ""),
    sequence_number: sequence,
  }
}

function textEvent(
  event: { type: TextEvent; outputIndex: number; partIndex: number; text: string },
  sequence: number,
  source: EventSource,
): WireEvent {
  const item = itemOf(source, event.outputIndex)
  const { text, index, others } = partKindOf(event.type)
  const isDelta = event.type.endsWith("delta")
  return {
    type: `${text}.${isDelta ? "delta" : "done"}`,
    item_id: item.id,
    output_index: event.outputIndex,
    [index]: event.partIndex,
    [isDelta ? "delta" : "text"]: event.text,
    ...others,
    sequence_number: sequence,
  }
}

/** The agent's own calls get their form here: the log's text is not what the item says. */
function argumentsEvent(
  event: { type: TextEvent; outputIndex: number; text: string },
  sequence: number,
  source: EventSource,
): WireEvent {
  const item = itemOf(source, event.outputIndex)
  const isFunction = item.type === "function_call"
  const isDelta = event.type === "arguments.delta"
  return {
    type: `response.${isFunction ? "function" : "mcp"}_call_${event.type}`,
    item_id: item.id,
    output_index: event.outputIndex,
    ...(isFunction && !isDelta && { name: item.name }),
    [isDelta ? "delta" : "arguments"]: isFunction
      ? event.text
      : (toWireItem(item, source.serverLabel).arguments ?? ""),
    sequence_number: sequence,
  }
}

function callType(type: string, item: Item): string {
  const step = type.slice("call.".length)
  if (item.type !== "web_search") return `response.mcp_call.${step === "searching" ? "in_progress" : step}`
  // The API has no event for a search that failed; the item's status says so.
  return `response.web_search_call.${step === "failed" ? "completed" : step}`
}

function contentText(item: Item, partIndex: number): string {
  if (item.type === "reasoning") return item.summary[partIndex] ?? ""
  const part = item.type === "message" ? item.content[partIndex] : undefined
  return part?.type === "text" ? part.text : ""
}

function itemOf(source: EventSource, outputIndex: number): Item {
  const item = source.itemAt(outputIndex) ?? source.record.output[outputIndex]
  if (item === undefined) throw new ProxyError("internal_error", `The log names no item at ${outputIndex}.`)
  return item
}
