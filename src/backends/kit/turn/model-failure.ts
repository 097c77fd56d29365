import type { ErrorCode, TurnError } from "../../../domain/errors.ts"
import type { AnswerCut } from "../../../domain/turn-events.ts"
import { fieldsIn } from "../rpc/json-noise.ts"
import { resetTimeIn } from "./reset-time.ts"

/** The codes that a failure of the model may have, see `domain/errors.ts`. */
export type ModelErrorCode = Extract<
  ErrorCode,
  | "agent_not_ready"
  | "rate_limit_exceeded"
  | "insufficient_quota"
  | "context_length_exceeded"
  | "server_is_overloaded"
  | "model_refused"
  | "model_error"
>

/** What a CLI tells of a failure of its model server. */
interface ToldFailure {
  /** In the CLI's words, or the body of the answer that it passes on. */
  readonly message: string
  /** What a typed field says; it goes before all words. Missing: no field does. */
  readonly code?: ModelErrorCode | null
  /** HTTP status of the model server, from a field. */
  readonly status?: number | null
  /** When the limit begins anew, from a field, in milliseconds of the epoch. */
  readonly resetsAt?: number | null
  /** A sentence: what to do where the log-in is refused. */
  readonly loginStep: string
}

/** What words mean; the status is that of a server which says so, for CLIs that tell none. */
export type WordRule = readonly [words: RegExp, code: ModelErrorCode, status: number | null]

/** What is over so soon is no used-up plan: Google has the same words for both. */
const soonMs = 2 * 60_000

/**
 * The error of a turn whose model failed: by what the CLI tells in fields, else by its words
 * (`ownRules` first, then those of the vendors, which CLIs quote), else by the status.
 */
export function modelFailure(
  told: ToldFailure,
  ownRules: readonly WordRule[] = [],
  now = Date.now(),
): TurnError {
  const body = errorBodyOf(told.message)
  const text = body?.message ?? told.message
  const words = `${body?.code ?? ""} ${text}`.trim()
  const [, wordCode = null, wordStatus = null] =
    [...ownRules, ...vendorRules].find(([pattern]) => pattern.test(words)) ?? []
  const toldStatus = told.status ?? body?.status ?? statusIn(told.message)
  const resetsAt = told.resetsAt ?? body?.resetsAt ?? resetTimeIn(text, now)
  const known =
    told.code ??
    (wordCode === "insufficient_quota" && isSoon(resetsAt, now) ? "rate_limit_exceeded" : wordCode)
  const code = known ?? codeOfStatus(toldStatus)
  // Some CLIs have 500 for whatever they do not know.
  const isUnknown = toldStatus === null || (toldStatus >= 500 && (wordStatus ?? 500) < 500)
  return {
    code,
    message: messageOf(text.trim(), { code, resetsAt, loginStep: told.loginStep }),
    modelStatus: isUnknown && told.code == null ? (wordStatus ?? toldStatus) : toldStatus,
    ...(isLimit(code) && resetsAt !== null && { resetsAt }),
  }
}

/** For words that may be about anything; null: they are not a model server's. */
export function modelFailureInWords(message: string, loginStep: string): TurnError | null {
  const isKnown = vendorRules.some(([pattern]) => pattern.test(message))
  return isKnown ? modelFailure({ message, loginStep }) : null
}

/** As OpenAI, Anthropic, Google and ChatGPT's and Claude's own servers word it. */
const vendorRules: readonly WordRule[] = [
  [
    /context_length_exceeded|maximum context length|context window|prompt is too long|input token count .{0,40}exceeds/i,
    "context_length_exceeded",
    400,
  ],
  [
    /insufficient[_ ]quota|exceeded your current quota|quota exceeded|usage[_ ]limit|credit balance is too low|insufficient (?:funds|credits|balance)|out of credits|quota will reset|exhausted your|hit your [\w ]*limit|limit reached ?[|∙·]/i,
    "insufficient_quota",
    429,
  ],
  [
    /rate[_ -]?limit|too many requests|(?:requests|tokens) per (?:second|minute|min|hour|day)|throttl|resource(?:_| has been )exhausted/i,
    "rate_limit_exceeded",
    429,
  ],
  [/overloaded|(?:at|over) capacity/i, "server_is_overloaded", 503],
  [
    /invalid[_ ](?:x-)?api[_ -]?key|incorrect api key|api key (?:not valid|expired)|api_key_invalid|authentication[_ ](?:failed|error)|failed to authenticate|unauthori[sz]ed|not logged in|token (?:has |is )?expired/i,
    "agent_not_ready",
    401,
  ],
  [/permission_denied|country, region, or territory not supported/i, "agent_not_ready", 403],
  [/model_not_found|\bmodels?\b.{0,100}(?:does not exist|not found|is not supported)/i, "model_refused", 404],
]

function codeOfStatus(status: number | null): ModelErrorCode {
  switch (status) {
    case null:
    case 408:
      return "model_error"
    case 401:
    case 403:
      return "agent_not_ready"
    case 402:
      return "insufficient_quota"
    case 413:
      return "context_length_exceeded"
    case 429:
      return "rate_limit_exceeded"
    case 503:
    case 529:
      return "server_is_overloaded"
    default:
      return status < 500 ? "model_refused" : "model_error"
  }
}

function messageOf(
  text: string,
  { code, resetsAt, loginStep }: { code: ModelErrorCode; resetsAt: number | null; loginStep: string },
): string {
  const sentence = text.replace(/[.\s]+$/, "")
  if (code === "agent_not_ready") return `${sentence}. ${loginStep}`
  if (!isLimit(code) || resetsAt === null) return text
  return `${sentence}. The limit begins anew at ${new Date(resetsAt).toISOString().replace(/\.\d+Z$/, "Z")}.`
}

function isLimit(code: ModelErrorCode): boolean {
  return code === "insufficient_quota" || code === "rate_limit_exceeded" || code === "server_is_overloaded"
}

function isSoon(resetsAt: number | null, now: number): boolean {
  return resetsAt !== null && resetsAt - now <= soonMs
}

/** `last status: 429`, `(HTTP 401)`, `API Error: 529`, `Request rejected (429)`, `400 too long`. */
function statusIn(text: string): number | null {
  const match =
    /\b(?:HTTP|status(?: code)?|code|statusCode)\b["':= ]*(\d{3})\b/i.exec(text) ??
    /\berror:? (\d{3})\b/i.exec(text) ??
    /\brejected \((\d{3})\)/.exec(text) ??
    /^(?:Error:\s*)?(\d{3})\b/.exec(text.trim())
  return httpStatus(Number(match?.[1]))
}

/** Null: it is no status of an error. */
export function httpStatus(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 400 && value < 600 ? value : null
}

/**
 * The body of a refusal that a CLI passes on as its message, in the forms of OpenAI, Anthropic,
 * Google and ChatGPT; null: the message is no such body.
 */
function errorBodyOf(text: string) {
  if (!text.startsWith("{")) return null
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    // A message that merely begins with a brace.
    return null
  }
  const outer = fieldsIn(body)
  const error = fieldsIn(outer.error)
  const details = Array.isArray(error.details) ? error.details : []
  const reasons = details.map((detail) => fieldsIn(detail).reason)
  const words = [...reasons, error.code, error.type, error.status].filter((word) => typeof word === "string")
  const message = error.message ?? outer.message ?? outer.detail
  const resetsAt = error.resets_at
  return {
    message: typeof message === "string" ? message : null,
    /** The vendor's words for it: `code`, `type`, Google's `reason`. */
    code: words.length === 0 ? null : words.join(" "),
    status: httpStatus(outer.status) ?? httpStatus(error.code) ?? httpStatus(error.status),
    /** In milliseconds of the epoch. */
    resetsAt: typeof resetsAt === "number" ? resetsAt * 1_000 : null,
  }
}

export type CutReason = AnswerCut["reason"]

const words: Readonly<Record<CutReason, string>> = {
  max_output_tokens: "The model's answer came to a limit of tokens.",
  content_filter: "The model, or its server, refused to go on with the answer.",
}

/**
 * Why the answer is cut where the model has stopped for `told`, by a CLI's own table; null: it is
 * whole, or has failed. In our words, unless the CLI has some.
 */
export function cutOf(
  reasons: Readonly<Record<string, CutReason | null>>,
  told: string | null,
  message?: string,
): AnswerCut | null {
  const reason = told !== null && Object.hasOwn(reasons, told) ? reasons[told] : null
  return reason == null ? null : { reason, message: message ?? words[reason] }
}
