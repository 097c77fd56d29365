import type { TurnError } from "../../domain/errors.ts"
import type { AnswerCut } from "../../domain/turn-events.ts"
import { backendError } from "../kit/turn/cli-turn.ts"
import {
  type CutReason,
  cutOf,
  httpStatus,
  type ModelErrorCode,
  modelFailure,
  type WordRule,
} from "../kit/turn/model-failure.ts"
import type { RateLimitEvent, ResultEvent, SystemEvent } from "./protocol.ts"

const loginStep =
  "Run `claude auth login` as the user of this service, or check the key of its model provider."

/** Its names of what it says in place of an answer; for `server_error` the status says more. */
export const knownErrors: Readonly<Record<string, ModelErrorCode>> = {
  authentication_failed: "agent_not_ready",
  billing_error: "insufficient_quota",
  rate_limit: "rate_limit_exceeded",
  model_not_found: "model_refused",
}

const loggedOut = /Not logged in|Please run \/login|Invalid API key/

const ownWords: readonly WordRule[] = [
  [loggedOut, "agent_not_ready", 401],
  [/^Prompt is too long/, "context_length_exceeded", 400],
  [/issue with the selected model/, "model_refused", 404],
]

/** What claude has told of its model during the turn, beside the result. */
export interface ToldOfModel {
  /** Name of the error that it put in the place of an answer; null: none. */
  readonly errorName: string | null
  /** Of the person's plan; null: it has told nothing. */
  readonly rateLimit: RateLimitEvent["rate_limit_info"] | null
}

const nothingTold: ToldOfModel = { errorName: null, rateLimit: null }

/** Why claude says that a turn failed; `subtype` is `success` also for a refusal of the server. */
export function claudeErrorOf(result: ResultEvent, told: ToldOfModel = nothingTold): TurnError {
  const said = [result.result, ...(result.errors ?? [])].find((text) => text != null && text.trim() !== "")
  const message = said ?? `claude ended the turn as failed (${result.subtype})`
  if (/No conversation found|No message found with message\.uuid/.test(message)) {
    return { code: "thread_lost", message, modelStatus: null }
  }
  if (result.subtype === "error_max_structured_output_retries") {
    return { code: "answer_format_mismatch", message, modelStatus: null }
  }
  const code = codeOf(result, told)
  const status = httpStatus(result.api_error_status)
  const isOfModel = code !== null || status !== null || isNotLoggedIn(result) || modelWords.test(message)
  if (!isOfModel) return backendError(message)
  const resetsAt = planResetOf(told)
  return modelFailure({ message, code, status, resetsAt, loginStep }, ownWords)
}

/** What a turn fails with whose model is asked again and again in vain. */
export function retryErrorOf({ error, error_status: status }: SystemEvent, message: string): TurnError {
  return modelFailure({
    message,
    code: knownErrors[error ?? ""] ?? null,
    status: httpStatus(status),
    loginStep,
  })
}

const modelWords = /^(?:API Error|Request timed out|Connection error|Claude AI usage limit reached)/

function codeOf({ terminal_reason: reason }: ResultEvent, told: ToldOfModel): ModelErrorCode | null {
  if (reason === "prompt_too_long") return "context_length_exceeded"
  if (planResetOf(told) !== null) return "insufficient_quota"
  return knownErrors[told.errorName ?? ""] ?? null
}

/**
 * When the used-up plan begins anew, in milliseconds of the epoch; null: it is not used up. A busy
 * server is `rejected` without a time.
 */
function planResetOf({ rateLimit }: ToldOfModel): number | null {
  return rateLimit?.status === "rejected" && rateLimit.resetsAt != null ? rateLimit.resetsAt * 1_000 : null
}

/** Claude has no log-in at all, or not any more. */
export function isNotLoggedIn({ result }: ResultEvent): boolean {
  return result != null && loggedOut.test(result)
}

/** Stop reasons with which what was said stands, though claude ends the turn as failed. */
export const claudeReasons: Readonly<Record<string, CutReason>> = {
  max_tokens: "max_output_tokens",
  refusal: "content_filter",
}

/** Null: the model has not stopped by itself. `stopReason`: of the last message of the turn. */
export function cutOfResult(result: ResultEvent, stopReason: string | null): AnswerCut | null {
  return result.is_error === true
    ? cutOf(claudeReasons, stopReason, result.result?.trim() || undefined)
    : null
}

/**
 * A success that is none: a hook of the person's settings has stopped the turn, or kept the prompt
 * from the model. Null: it is one.
 */
export function hookErrorOf(result: ResultEvent, hasShown: boolean): TurnError | null {
  const said = result.result?.trim() ?? ""
  if (hasShown || (said === "" && result.terminal_reason !== "hook_stopped")) return null
  const why = said === "" ? "a hook of its settings stopped it" : said
  return backendError(`claude ended the turn without an answer of its model: ${why}`)
}
