import type { TurnError } from "./errors.ts"
import type { FunctionCallItem, Item } from "./items.ts"
import type { Usage } from "./usage.ts"

/** Where a delta belongs inside its item. */
export type DeltaChannel =
  /** The text of a message (content part 0). */
  | "text"
  /** A reasoning summary; `index` tells which part. */
  | "summary"
  /** The same of the reasoning itself. An item has one of the two. */
  | "reasoning"
  /** The JSON arguments of a function call. */
  | "arguments"

/** Why a model stopped by itself before its answer was whole; `reason` is the API's own word. */
export interface AnswerCut {
  readonly reason: "max_output_tokens" | "content_filter"
  /** For people. */
  readonly message: string
}

/**
 * Everything that a backend can tell about one turn, in order. Item ids are the backend's own; the
 * engine gives the ids that clients see. The last event is always one of `turn.completed`,
 * `turn.failed`, `turn.interrupted`: whoever reads needs no try/catch.
 */
export type TurnEvent =
  /** The CLI took the turn; `turnRef` names it in the CLI's own terms (for forks). */
  | { readonly type: "turn.started"; readonly turnRef: string }
  /** Something began. Its texts are still empty; deltas may follow. */
  | { readonly type: "item.started"; readonly item: Item }
  | {
      readonly type: "item.delta"
      readonly itemId: string
      readonly channel: DeltaChannel
      readonly index: number
      readonly text: string
    }
  /**
   * The CLI has asked its model again, which now says something else: what it told of this text,
   * which never ended, is no part of the answer. Not told where nothing came of the new request:
   * then it is the last that the model said.
   */
  | { readonly type: "item.withdrawn"; readonly itemId: string }
  /** Whole. May come without `item.started` and deltas (backends that do not stream). */
  | { readonly type: "item.completed"; readonly item: Item }
  /**
   * The agent calls a function of the client and waits for `Turn.answer(callId, ...)`. All calls
   * that the model makes at once come in one batch. `holdMs`: how long it may wait before that does
   * harm (a model that is asked again and again meanwhile); null: as long as one likes.
   */
  | { readonly type: "function.called"; readonly item: FunctionCallItem; readonly holdMs: number | null }
  /** As the model saw it, in the CLI's own format, kept to seed a lost thread anew. */
  | { readonly type: "native.item"; readonly item: unknown }
  /**
   * A word for the log. What it tells of the turn: `progress` resets the silence clock, `nothing`
   * does not, and `trouble` says that the CLI cannot go on for now (it reconnects to its model
   * server), which may not last long. `error`: what the turn fails with if it does.
   */
  | {
      readonly type: "notice"
      readonly message: string
      readonly tells: "progress" | "nothing" | "trouble"
      readonly error?: TurnError
      /** The conversation was summed up: what messages had told may have been left out. */
      readonly forgets?: true
    }
  /** `cut`: the model stopped before its answer was whole, and what it said stands. */
  | { readonly type: "turn.completed"; readonly usage: Usage | null; readonly cut?: AnswerCut }
  | { readonly type: "turn.failed"; readonly error: TurnError; readonly usage: Usage | null }
  | { readonly type: "turn.interrupted"; readonly usage: Usage | null }

/** What of a turn's events makes items. */
export type ItemEvent = Extract<
  TurnEvent,
  { type: "item.started" | "item.delta" | "item.withdrawn" | "item.completed" | "function.called" }
>

export function isFinal(event: TurnEvent): boolean {
  return event.type === "turn.completed" || event.type === "turn.failed" || event.type === "turn.interrupted"
}
