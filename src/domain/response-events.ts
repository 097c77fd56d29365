import type { Item } from "./items.ts"

/**
 * The log of a response: event number n of the log is `sequence_number` n of the Responses stream,
 * one for one. Streaming, whole answers, chat chunks, the dashboard and replay are readers of it.
 * `outputIndex` is the item's place in `output`; `partIndex` the content or summary part.
 *
 * Messages: item.added, part.added, text.delta*, text.done, part.done, item.done Reasoning:
 * item.added, { summary.added, summary.delta*, summary.done, summary.part_done }*, item.done or, of
 * the reasoning itself, the same with { reasoning.added, reasoning.delta*, reasoning.done,
 * reasoning.part_done }* Functions: item.added, arguments.delta*, arguments.done, item.done The
 * agent's own tools (command, file_change, tool_call): item.added, call.in_progress,
 * arguments.delta, arguments.done, call.completed | call.failed, item.done Their delta is one and
 * without its text, which is made from the item where it is sent; that of a command comes when it
 * begins, that of the others when they are over, for it may change until then. Web search:
 * item.added, call.in_progress, call.searching, call.completed, item.done
 */
export type ResponseEvent =
  | { readonly type: "queued" | "created" | "in_progress" }
  /** `item` as it began: texts empty, status in_progress. */
  | { readonly type: "item.added"; readonly outputIndex: number; readonly item: Item }
  | { readonly type: "item.done"; readonly outputIndex: number; readonly item: Item }
  /** For `item.done`: told, but in no `output`. A text, as far as it came, incomplete. */
  | { readonly type: "item.withdrawn"; readonly outputIndex: number; readonly item: Item }
  | { readonly type: PartMarker; readonly outputIndex: number; readonly partIndex: number }
  | {
      readonly type: TextEvent
      readonly outputIndex: number
      readonly partIndex: number
      readonly text: string
    }
  | { readonly type: CallMarker; readonly outputIndex: number }
  /** The last. `cancelled` is sent as an incomplete response: the API has no event for it. */
  | { readonly type: "completed" | "failed" | "incomplete" | "cancelled" }

export type PartMarker = "part.added" | "part.done" | `${ReasoningKind}.${"added" | "part_done"}`
/** Summaries of reasoning, or the reasoning itself. */
export type ReasoningKind = "summary" | "reasoning"
export type DeltaType = "text.delta" | `${ReasoningKind}.delta` | "arguments.delta"
export type TextDone = "text.done" | `${ReasoningKind}.done` | "arguments.done"
export type TextEvent = DeltaType | TextDone
export type CallMarker = "call.in_progress" | "call.searching" | "call.completed" | "call.failed"
