import { type TurnError, UnfitFunctionError } from "../../domain/errors.ts"
import type { AnswerCut } from "../../domain/turn-events.ts"
import type { FunctionNames } from "../kit/functions/function-names.ts"
import { fieldsIn } from "../kit/rpc/json-noise.ts"
import { RpcRefusedError } from "../kit/rpc/rpc-client.ts"
import { backendError } from "../kit/turn/cli-turn.ts"
import {
  type CutReason,
  cutOf,
  httpStatus,
  type ModelErrorCode,
  modelFailure,
  type WordRule,
} from "../kit/turn/model-failure.ts"
import type { NativeTurnError } from "./protocol.ts"

/** What codex names without a status, and the status that a model server gives for it. */
export const knownInfos: Readonly<Record<string, readonly [code: ModelErrorCode, status: number]>> = {
  unauthorized: ["agent_not_ready", 401],
  usageLimitExceeded: ["insufficient_quota", 429],
  sessionBudgetExceeded: ["insufficient_quota", 429],
  rateLimitExceeded: ["rate_limit_exceeded", 429],
  contextWindowExceeded: ["context_length_exceeded", 400],
  badRequest: ["model_refused", 400],
  inferenceHookDenied: ["model_refused", 400],
  cyberPolicy: ["model_refused", 400],
  misalignmentPolicyViolation: ["model_refused", 400],
  modelNotFound: ["model_refused", 404],
  serverOverloaded: ["server_is_overloaded", 503],
  flexUnavailable: ["server_is_overloaded", 503],
  policyCapacityUnavailable: ["server_is_overloaded", 503],
  internalServerError: ["model_error", 500],
}

/** Faults of codex itself; everything else comes from the model server or the way to it. */
const ownFaults = new Set(["sandboxError", "threadRollbackFailed", "activeTurnNotSteerable"])

/** codex's own sentences, for `codex exec`, which has no `codexErrorInfo`. */
const ownWords: readonly WordRule[] = [
  [/ran out of room in the model's context window/, "context_length_exceeded", 400],
  // It hides the status of a 500 so.
  [/currently experiencing high demand/, "model_error", 500],
  [/^Missing environment variable/, "agent_not_ready", null],
]

/**
 * Why codex says that a turn failed: by `codexErrorInfo` (a word, or an object that has the HTTP
 * status), else by what the message quotes: a 400 arrives as `other` with the raw body as the
 * message. `resetsAt`: when the account's limit begins anew, as codex has told it beside the turn,
 * in milliseconds of the epoch.
 */
export function codexErrorOf(
  error: NativeTurnError | null | undefined,
  resetsAt: number | null = null,
): TurnError {
  if (error == null) return backendError("codex ended the turn as failed without a reason")
  const { word, status } = infoOf(error.codexErrorInfo)
  const said = [error.message, error.additionalDetails].filter(Boolean).join(": ")
  const message = /idle timeout waiting for/.test(said) ? `${said.replace(/\.$/, "")}. ${idleLimit}` : said
  if (word !== null && ownFaults.has(word)) return backendError(message)
  const [code = null, usualStatus = null] = knownInfos[word ?? ""] ?? []
  const failure = modelFailure(
    {
      message,
      code,
      status: status ?? usualStatus,
      resetsAt: code === "insufficient_quota" ? resetsAt : null,
      loginStep,
    },
    ownWords,
  )
  // Only a 400 is passed on as the plain body.
  const isPlainBody = failure.modelStatus === null && word === "other" && error.message.startsWith("{")
  return isPlainBody ? { ...failure, code: "model_refused", modelStatus: 400 } : failure
}

const idleLimit =
  "The model sent nothing for as long as codex waits: `stream_idle_timeout_ms` of its provider, 300 s unless set."

const loginStep = "Run `codex login` as the user of this service, or check the key of its model provider."

function infoOf(info: unknown): { word: string | null; status: number | null } {
  if (typeof info === "string") return { word: info, status: null }
  const [word, fields] = Object.entries(fieldsIn(info))[0] ?? [null, null]
  return { word, status: httpStatus(fieldsIn(fields).httpStatusCode) }
}

/** `incomplete_details.reason` of a model that stopped by itself, as codex quotes it. */
export const codexReasons: Readonly<Record<string, CutReason>> = {
  max_output_tokens: "max_output_tokens",
  content_filter: "content_filter",
}

/** Null: the words are about something else. */
export function cutIn(words: string): AnswerCut | null {
  const told = /Incomplete response returned, reason: (\w+)/.exec(words)?.[1] ?? ""
  return cutOf(codexReasons, told)
}

/** codex shows nothing of a refusal but that a message has begun. */
export const refusal: AnswerCut = {
  reason: "content_filter",
  message: "The model refused to answer; codex does not tell its words.",
}

/** In codex's words, as of 0.169. */
const unfitFunction = /dynamic tool input schema is not supported for (\S+): ([\s\S]*)/

/** A function that codex does not take in this form; null: it is about something else. */
export function unfitFunctionOf(error: unknown, names: FunctionNames): UnfitFunctionError | null {
  if (!(error instanceof RpcRefusedError)) return null
  const [, native = "", why = ""] = unfitFunction.exec(error.message) ?? []
  const name = names.fromNative(native)
  if (name === null) return null
  const message =
    `The parameters of function '${name}' are not taken by codex: ${why.slice(0, 300)}. ` +
    "Change it, or leave the function out."
  return new UnfitFunctionError(name, message, error)
}
