import type { AnswerCut } from "../../domain/turn-events.ts"
import { type CutReason, cutBy } from "../turn-ends.ts"

/** Stop reasons of the protocol of which what was said stands; `null`: it is the whole answer. The others are failures. */
export const acpReasons: Readonly<Record<string, CutReason | null>> = {
  end_turn: null,
  max_tokens: "max_output_tokens",
  refusal: "content_filter",
}

/** Undefined: the answer is whole. */
export function cutOf(stopReason: string): AnswerCut | undefined {
  const reason = Object.hasOwn(acpReasons, stopReason) ? acpReasons[stopReason] : null
  return reason == null ? undefined : cutBy(reason)
}
