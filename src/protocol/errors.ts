import type { ErrorCode } from "../domain/errors.ts"
import { errorCodes, ProxyError } from "../domain/errors.ts"
import { machineProblemOf } from "../domain/file-problem.ts"
import type { TurnError } from "../domain/turn-events.ts"

/** The one form of every error that leaves this service; all four keys are always there. */
export interface ErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
    /** Only where it is known: when the limit that was met begins anew, in seconds of the epoch, as codex reads it. */
    readonly resets_at?: number
  }
}

export interface ErrorResponse {
  readonly status: number
  readonly body: ErrorBody
  readonly headers: Readonly<Record<string, string>>
}

interface Wire {
  readonly status: number
  readonly type: string
  /**
   * True: the agent may have acted. The official clients repeat 408, 409, 429 and every 5xx twice by themselves, and
   * would have it act three times; `x-should-retry: false` keeps them from it.
   */
  readonly mayHaveActed?: true
}

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
  agent_control_invalid: { status: 409, type: "invalid_request_error", mayHaveActed: true },
  response_not_found: { status: 404, type: "invalid_request_error" },
  previous_response_not_found: { status: 400, type: "invalid_request_error" },
  conversation_not_found: { status: 404, type: "invalid_request_error" },
  item_not_found: { status: 404, type: "invalid_request_error" },
  reply_not_found: { status: 404, type: "invalid_request_error" },
  // Another request of that key may have acted; the official clients repeat a 409 too.
  idempotency_key_reused: { status: 409, type: "invalid_request_error", mayHaveActed: true },
  file_not_found: { status: 404, type: "invalid_request_error" },
  file_storage_full: { status: 413, type: "invalid_request_error" },
  queue_full: { status: 429, type: "rate_limit_error" },
  connections_full: { status: 503, type: "server_error" },
  agent_waits: { status: 409, type: "invalid_request_error", mayHaveActed: true },
  agent_not_ready: { status: 503, type: "server_error" },
  agent_unavailable: { status: 503, type: "server_error" },
  agent_stopped: { status: 503, type: "server_error", mayHaveActed: true },
  backend_died: { status: 502, type: "server_error", mayHaveActed: true },
  backend_error: { status: 502, type: "server_error", mayHaveActed: true },
  rate_limit_exceeded: { status: 429, type: "rate_limit_error", mayHaveActed: true },
  insufficient_quota: { status: 429, type: "insufficient_quota", mayHaveActed: true },
  context_length_exceeded: { status: 400, type: "invalid_request_error", mayHaveActed: true },
  server_is_overloaded: { status: 503, type: "server_error", mayHaveActed: true },
  model_refused: { status: 400, type: "invalid_request_error", mayHaveActed: true },
  model_error: { status: 502, type: "server_error", mayHaveActed: true },
  function_not_called: { status: 502, type: "server_error", mayHaveActed: true },
  answer_format_mismatch: { status: 502, type: "server_error", mayHaveActed: true },
  turn_timeout: { status: 504, type: "server_error", mayHaveActed: true },
  interrupted: { status: 500, type: "server_error", mayHaveActed: true },
  server_restarted: { status: 503, type: "server_error", mayHaveActed: true },
  thread_lost: { status: 500, type: "server_error", mayHaveActed: true },
  storage_failed: { status: 503, type: "server_error", mayHaveActed: true },
  program_replaced: { status: 503, type: "server_error", mayHaveActed: true },
  internal_error: { status: 500, type: "server_error", mayHaveActed: true },
}

/** Fields at fault where the thrower could not name one. */
const usualParam: Partial<Record<ErrorCode, string>> = {
  model_not_found: "model",
  previous_response_not_found: "previous_response_id",
}

/**
 * The one place where an error becomes a status and a body. What we did not foresee says nothing but the request's id,
 * under which the log has the rest.
 */
export function toErrorResponse(error: unknown, requestId: string, now = Date.now()): ErrorResponse {
  const known = shownOf(error) ?? hidden(requestId)
  const { status, mayHaveActed } = wire[known.code]
  const headers: Record<string, string> = {}
  if (status === 401) headers["www-authenticate"] = "Bearer"
  const waitSeconds = waitSecondsOf(known, now)
  if (waitSeconds !== null) headers["retry-after"] = String(waitSeconds)
  if (mayHaveActed === true) headers["x-should-retry"] = "false"
  return { status, body: toErrorBody(known), headers }
}

/** Longer ones are not obeyed: clients take short pauses of their own in their place, or none. */
const longestWaitSeconds = 60

function waitSecondsOf({ code, retryAfterSeconds, resetsAt }: ProxyError, now: number): number | null {
  const untilReset = resetsAt === null ? null : (resetsAt - now) / 1_000
  const seconds = retryAfterSeconds ?? untilReset ?? (code === "queue_full" ? 1 : null)
  return seconds === null ? null : Math.min(longestWaitSeconds, Math.max(1, Math.ceil(seconds)))
}

/** Null: nothing that a stranger may read. A full disk is named wherever it comes up. */
function shownOf(error: unknown): ProxyError | null {
  if (error instanceof ProxyError && error.code !== "internal_error") return error
  return machineProblemOf(error instanceof ProxyError ? error.cause : error)
}

/** The body alone, for streams whose headers are out already. */
export function toErrorBody(error: ProxyError): ErrorBody {
  const { code, message, resetsAt } = error
  const param = error.param ?? usualParam[code] ?? null
  return {
    error: {
      message,
      type: wire[code].type,
      param,
      code,
      ...(resetsAt !== null && { resets_at: Math.ceil(resetsAt / 1_000) }),
    },
  }
}

/** A failed turn as an error of the request that asked for it; codes that we do not know become `backend_error`. */
export function turnErrorToProxyError(error: TurnError | null): ProxyError {
  if (error === null) return new ProxyError("backend_error", "The turn failed.")
  const { code, message, resetsAt } = error
  return new ProxyError(isErrorCode(code) ? code : "backend_error", message, {
    ...(resetsAt !== undefined && { resetsAt }),
  })
}

function hidden(requestId: string): ProxyError {
  return new ProxyError(
    "internal_error",
    `Something went wrong in this service. Its log has it under ${requestId}.`,
  )
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code)
}
