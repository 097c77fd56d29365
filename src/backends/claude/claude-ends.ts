import type { AnswerCut, TurnError } from "../../domain/turn-events.ts"
import { type CutReason, cutBy } from "../turn-ends.ts"
import type { ResultEvent } from "./protocol.ts"

/** Stop reasons of the model behind which claude ends a turn as failed, though what was said stands. */
export const claudeReasons: Readonly<Record<string, CutReason>> = {
  max_tokens: "max_output_tokens",
  refusal: "content_filter",
}

/** Null: the model has not stopped by itself. `stopReason`: of the last message of the turn. */
export function cutOf(result: ResultEvent, stopReason: string | null): AnswerCut | null {
  const reason =
    stopReason !== null && Object.hasOwn(claudeReasons, stopReason) ? claudeReasons[stopReason] : undefined
  return reason === undefined || result.is_error !== true
    ? null
    : cutBy(reason, result.result?.trim() || undefined)
}

/** A success that is none: a hook of the person's settings has stopped the turn, or kept the prompt from the model. Null: it is one. */
export function hookErrorOf(result: ResultEvent, hasShown: boolean): TurnError | null {
  const said = result.result?.trim() ?? ""
  if (hasShown || (said === "" && result.terminal_reason !== "hook_stopped")) return null
  const why = said === "" ? "a hook of its settings stopped it" : said
  return {
    code: "backend_error",
    message: `claude ended the turn without an answer of its model: ${why}`,
    modelStatus: null,
  }
}
