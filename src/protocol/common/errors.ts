import type { ErrorCode, TurnError } from "../../domain/errors.ts"
import { isErrorCode, ProxyError } from "../../domain/errors.ts"
import { machineProblemOf } from "../../domain/file-problem.ts"
import { hasActed, type ResponseRecord } from "../../domain/responses.ts"

/** The one form of every error that leaves this service; all four keys are always there. */
export interface ErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
    /** Where it is known: when the limit begins anew, in seconds of the epoch, for codex. */
    readonly resets_at?: number
  }
}

export interface ErrorResponse {
  readonly status: number
  readonly body: ErrorBody
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The table of failures: what is told of a code where the agent has not acted. Official clients
 * repeat 408, 409, 429 and every 5xx by themselves, many others all that is no 4xx.
 */
interface Wire {
  readonly status: number
  readonly type: string
  /** False: a repeat would end the same way, or do harm, though clients repeat this status. */
  readonly isWorthRepeating?: false
}

/**
 * The same for every code where the agent has acted: what no client repeats by itself, as
 * `docs/clients/failures.md` has measured it. A 400 is asked once by all (a 422 is repeated by
 * LangChain); in a chat stream `invalid_request_error` is the one type behind which nobody asks
 * again, and in Responses it is the code that decides, for codex. The true code is in the message,
 * and in `code` where that does not decide.
 */
const afterActing = { status: 400, type: "invalid_request_error", responseCode: "invalid_prompt" } as const

/** Codes that stand for themselves: codex does not ask again behind them, whatever the status. */
const finalCodes: ReadonlySet<string> = new Set(["insufficient_quota", "context_length_exceeded"])

const wire: Record<ErrorCode, Wire> = {
  invalid_request: { status: 400, type: "invalid_request_error" },
  invalid_json: { status: 400, type: "invalid_request_error" },
  unsupported_media_type: { status: 415, type: "invalid_request_error" },
  body_too_large: { status: 413, type: "invalid_request_error" },
  invalid_api_key: { status: 401, type: "authentication_error" },
  forbidden_origin: { status: 403, type: "permission_error" },
  not_found: { status: 404, type: "invalid_request_error" },
  method_not_allowed: { status: 405, type: "invalid_request_error" },
  upgrade_lost: { status: 426, type: "invalid_request_error" },
  model_not_found: { status: 404, type: "invalid_request_error" },
  agent_not_found: { status: 404, type: "invalid_request_error" },
  agent_control_invalid: { status: 409, type: "invalid_request_error", isWorthRepeating: false },
  response_not_found: { status: 404, type: "invalid_request_error" },
  previous_response_not_found: { status: 400, type: "invalid_request_error" },
  conversation_not_found: { status: 404, type: "invalid_request_error" },
  item_not_found: { status: 404, type: "invalid_request_error" },
  reply_not_found: { status: 404, type: "invalid_request_error" },
  // Another request of that key may have acted; the official clients repeat a 409 too.
  idempotency_key_reused: { status: 409, type: "invalid_request_error", isWorthRepeating: false },
  file_not_found: { status: 404, type: "invalid_request_error" },
  file_storage_full: { status: 413, type: "invalid_request_error" },
  queue_full: { status: 429, type: "rate_limit_error" },
  connections_full: { status: 503, type: "server_error" },
  agent_waits: { status: 409, type: "invalid_request_error", isWorthRepeating: false },
  // Only a person can mend it: no 5xx, which is asked again and again.
  agent_not_ready: { status: 400, type: "invalid_request_error" },
  agent_unavailable: { status: 503, type: "server_error" },
  agent_stopped: { status: 503, type: "server_error" },
  backend_died: { status: 502, type: "server_error" },
  backend_error: { status: 502, type: "server_error" },
  rate_limit_exceeded: { status: 429, type: "rate_limit_error" },
  insufficient_quota: { status: 429, type: "insufficient_quota", isWorthRepeating: false },
  context_length_exceeded: { status: 400, type: "invalid_request_error" },
  server_is_overloaded: { status: 503, type: "server_error" },
  model_refused: { status: 400, type: "invalid_request_error" },
  model_error: { status: 502, type: "server_error" },
  // Of an agent that has worked to its end, and so has acted.
  function_not_called: { status: 400, type: "invalid_request_error", isWorthRepeating: false },
  answer_format_mismatch: { status: 400, type: "invalid_request_error", isWorthRepeating: false },
  turn_timeout: { status: 504, type: "server_error", isWorthRepeating: false },
  interrupted: { status: 500, type: "server_error", isWorthRepeating: false },
  server_restarted: { status: 503, type: "server_error" },
  thread_lost: { status: 500, type: "server_error", isWorthRepeating: false },
  storage_failed: { status: 503, type: "server_error", isWorthRepeating: false },
  program_replaced: { status: 503, type: "server_error", isWorthRepeating: false },
  internal_error: { status: 500, type: "server_error", isWorthRepeating: false },
}

/** Fields at fault where the thrower could not name one. */
const usualParam: Partial<Record<ErrorCode, string>> = {
  model_not_found: "model",
  previous_response_not_found: "previous_response_id",
}

/**
 * The one place where an error becomes a status and a body. What we did not foresee says nothing
 * but the request's id, under which the log has the rest.
 */
export function toErrorResponse(error: unknown, requestId: string, now = Date.now()): ErrorResponse {
  const known = shownOf(error, requestId)
  const { status, isWorthRepeating } = known.hasActed
    ? { ...afterActing, isWorthRepeating: false }
    : wire[known.code]
  const headers: Record<string, string> = {}
  if (status === 401) headers["www-authenticate"] = "Bearer"
  if (isWorthRepeating === false) headers["x-should-retry"] = "false"
  const waitSeconds = known.hasActed || isForPerson(known.code) ? null : waitSecondsOf(known, now)
  if (waitSeconds !== null) headers["retry-after"] = String(waitSeconds)
  return { status, body: toErrorBody(known), headers }
}

/** Longer ones are not obeyed: clients take short pauses of their own in their place, or none. */
const longestWaitSeconds = 60

/**
 * Of what goes away by itself, where nobody has told when. Behind a limit of the model there is a
 * CLI that has tried again for a while itself; limits are counted by the minute.
 */
const usualWaitSeconds: Partial<Record<ErrorCode, number>> = {
  queue_full: 1,
  agent_unavailable: 5,
  rate_limit_exceeded: 30,
}

function waitSecondsOf({ code, retryAfterSeconds, resetsAt }: ProxyError, now: number): number | null {
  const untilReset = resetsAt === null ? null : (resetsAt - now) / 1_000
  const seconds = retryAfterSeconds ?? untilReset ?? usualWaitSeconds[code] ?? null
  return seconds === null ? null : Math.min(longestWaitSeconds, Math.max(1, Math.ceil(seconds)))
}

/** What a stranger may read of what was thrown. A full disk is named wherever it comes up. */
export function shownOf(error: unknown, requestId: string): ProxyError {
  if (!(error instanceof ProxyError)) return machineProblemOf(error) ?? hidden(requestId, false)
  if (error.code !== "internal_error") return error
  return machineProblemOf(error.cause) ?? hidden(requestId, error.hasActed)
}

function toErrorBody(error: ProxyError): ErrorBody {
  const { code, resetsAt } = error
  const param = error.param ?? usualParam[code] ?? null
  return {
    error: {
      message: messageOf(error),
      type: error.hasActed ? afterActing.type : wire[code].type,
      param,
      code,
      ...(resetsAt !== null && { resets_at: Math.ceil(resetsAt / 1_000) }),
    },
  }
}

/** The end of a chat stream that failed, whose status 200 is out. */
export function toStreamErrorBody(error: ProxyError): ErrorBody {
  return isFinal(error) ? toBegunErrorBody(error) : toErrorBody(error)
}

/** In place of a whole answer whose status 200 is out: of the type that nobody asks again for. */
export function toBegunErrorBody(error: ProxyError): ErrorBody {
  const { error: fields } = toErrorBody(error)
  return { error: { ...fields, type: afterActing.type } }
}

/** A repeat would end the same way, or have the agent act again. */
function isFinal({ code, hasActed }: ProxyError): boolean {
  const { status, isWorthRepeating } = wire[code]
  return hasActed || status === 400 || isWorthRepeating === false
}

/**
 * The `error` of a failed response, the same wherever it is read: the true code where a client may
 * repeat it, else one behind which none does, and the true one in the message.
 */
export function toResponseError(record: Pick<ResponseRecord, "error" | "output">) {
  const error = failureOf(record)
  const { code, hasActed } = error
  const isFinalAsItIs = finalCodes.has(code)
  if (isFinalAsItIs || (!hasActed && !isForPerson(code))) return { code, message: messageOf(error) }
  const message = hasActed ? messageOf(error) : `${error.message} (${code})`
  return { code: afterActing.responseCode, message }
}

/** Somebody has to mend the request or the machine: a 4xx that does not go away by itself. */
function isForPerson(code: ErrorCode): boolean {
  const { status } = wire[code]
  return status < 500 && status !== 429
}

/** As an error of the request; codes that we do not know become `backend_error`. */
export function failureOf(record: Pick<ResponseRecord, "error" | "output">): ProxyError {
  const { code, message, param, resetsAt, retryAfterSeconds } = record.error ?? unknownFailure
  return new ProxyError(isErrorCode(code) ? code : "backend_error", message, {
    hasActed: hasActed(record),
    ...(param !== undefined && { param }),
    ...(resetsAt !== undefined && { resetsAt }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })
}

const unknownFailure: TurnError = { code: "backend_error", message: "The turn failed.", modelStatus: null }

function messageOf({ code, message, hasActed }: ProxyError): string {
  return hasActed ? `${message} (${code}, after the agent had acted)` : message
}

function hidden(requestId: string, hasActed: boolean): ProxyError {
  const message = `Something went wrong in this service. Its log has it under ${requestId}.`
  return new ProxyError("internal_error", message, { hasActed })
}
