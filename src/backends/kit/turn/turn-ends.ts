import type { AnswerCut } from "../../../domain/turn-events.ts"

export type CutReason = AnswerCut["reason"]

const words: Readonly<Record<CutReason, string>> = {
  max_output_tokens: "The model's answer came to a limit of tokens.",
  content_filter: "The model, or its server, refused to go on with the answer.",
}

/** In our words. */
export function cutBy(reason: CutReason, message = words[reason]): AnswerCut {
  return { reason, message }
}
