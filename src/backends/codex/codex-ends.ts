import type { AnswerCut } from "../../domain/turn-events.ts"
import { type CutReason, cutBy } from "../turn-ends.ts"

/** What codex quotes of a model that stopped by itself: `incomplete_details.reason` of its answer. */
export const codexReasons: Readonly<Record<string, CutReason>> = {
  max_output_tokens: "max_output_tokens",
  content_filter: "content_filter",
}

/** Null: the words are about something else. */
export function cutIn(words: string): AnswerCut | null {
  const told = /Incomplete response returned, reason: (\w+)/.exec(words)?.[1] ?? ""
  const reason = Object.hasOwn(codexReasons, told) ? codexReasons[told] : undefined
  return reason === undefined ? null : cutBy(reason)
}

/** codex shows nothing of a refusal but that a message has begun. */
export const refusal: AnswerCut = {
  reason: "content_filter",
  message: "The model refused to answer; codex does not tell its words.",
}
