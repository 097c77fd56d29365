/**
 * The catalogue of everything that can go wrong for a caller. `code` is stable and goes to the
 * wire; the HTTP status is derived in one place, `protocol/common/errors.ts`.
 */
export const errorCodes = {
  // The client's fault
  invalid_request: "A field is missing, has the wrong form or cannot be served; `param` names it.",
  invalid_json: "The body is not JSON.",
  unsupported_media_type: "The body is not application/json.",
  body_too_large: "The body is larger than the limit.",
  invalid_api_key: "No key, or a wrong one.",
  forbidden_origin: "Without a key only this machine and its own pages are served.",
  not_found: "No such route.",
  method_not_allowed: "The route exists, not with this method.",
  upgrade_lost: "A WebSocket was asked for, and a proxy on the way took `Upgrade` out of the request.",
  model_not_found: "No agent of that name.",
  agent_not_found: "No agent of that name, where one is to be started, stopped or changed.",
  agent_control_invalid: "The agent's control file cannot be used as it is; the message names the line.",
  response_not_found: "No such response, or it belongs to somebody else.",
  previous_response_not_found: "`previous_response_id` names no stored response.",
  conversation_not_found: "No such conversation, or it belongs to somebody else.",
  item_not_found: "The conversation has no such item.",
  reply_not_found: "The outbox has no such message, or it is somebody else's.",
  idempotency_key_reused: "The `Idempotency-Key` was sent with another request, or its answer is deleted.",
  file_not_found: "No such file, or it is expired or somebody else's.",
  file_storage_full: "The caller's files take all the room that they may; delete some.",
  // Busy
  queue_full:
    "As much as is taken at once, in all or of one caller, is there already; the message names the bound.",
  connections_full: "As many connections are open as the service takes; try again later.",
  // The agent's side
  agent_waits:
    "An agent asks for what its own turn, or one that waits for it, would have to end for; the message says what to do instead.",
  agent_not_ready:
    "The agent's CLI is missing or not logged in, or its log-in or key is refused: only a person can mend it, and the message says how.",
  agent_unavailable:
    "The agent or the service starts, stops, is changed, was killed or has no processor time just now: another try makes sense.",
  agent_stopped: "The agent or the service is stopping.",
  backend_died: "The agent's process ended in the middle of the turn.",
  backend_error: "The agent's CLI refused or misbehaved.",
  // The model server behind the agent; each message quotes it. Codes are OpenAI's where it has any
  rate_limit_exceeded:
    "Too many requests or tokens for now; goes away by itself, when is told where the CLI tells it.",
  insufficient_quota:
    "The plan or the credit of the CLI's account is used up, until it is renewed or paid for.",
  context_length_exceeded: "The conversation is longer than the model takes.",
  server_is_overloaded: "The model server is overloaded.",
  model_refused: "The model server refuses this request as it is, and would refuse it again.",
  model_error: "The model server failed, broke off or cannot be reached.",
  function_not_called: "`tool_choice` asks for a function call, and the agent made none, twice asked.",
  answer_format_mismatch:
    "The answer does not have the form that was asked for (`json_schema`, `json_object`), corrected once.",
  turn_timeout: "The turn took longer than the deadline, or was silent for too long.",
  interrupted: "The turn was interrupted.",
  server_restarted:
    "The service was restarted before the agent began, or while it worked and may have acted; the message says which.",
  thread_lost: "The CLI no longer knows the thread. Never reaches a client: the engine seeds a new one.",
  // Ours
  program_replaced:
    "The program was replaced or removed while the service runs, and what is asked for was not in memory; the service is to be restarted.",
  storage_failed:
    "What this service keeps cannot be read or written: the disk is full or read-only, a file is damaged, moved away or deleted. " +
    "The message says which, and what its owner does; goes away with the cause.",
  internal_error: "A fault of this service; the log has it under the request id.",
} as const

export type ErrorCode = keyof typeof errorCodes

export interface ErrorFields {
  /** Path of the field at fault in the request, e.g. `messages[2].content`. */
  readonly param?: string
  readonly cause?: unknown
  /** Seconds after which another try makes sense. */
  readonly retryAfterSeconds?: number
  /** When a used-up limit of the model begins anew (epoch, ms); may be days away. */
  readonly resetsAt?: number
  /** True: it ended a turn in which the agent had acted already. */
  readonly hasActed?: boolean
}

/** Why a turn failed, with what a caller needs to decide what to do next. */
export interface TurnError {
  /** Stable code from the catalogue in `errors.ts` (`model_error`, `backend_died`, ...). */
  readonly code: string
  /** For people; may quote the CLI, never a secret of ours. */
  readonly message: string
  /** The field of the request that is at fault. Absent: none. */
  readonly param?: string
  /** A function that the CLI does not take; the engine knows where it stands. */
  readonly functionName?: string
  /** HTTP status of the model server where the CLI tells it. */
  readonly modelStatus: number | null
  /** Nobody can tell from the items whether the agent has acted. Absent: they say all. */
  readonly mayHaveActed?: true
  /** When the limit that was met begins anew (epoch, ms), where the CLI tells it. */
  readonly resetsAt?: number
  /** Seconds after which another try makes sense, where that is known. */
  readonly retryAfterSeconds?: number
}

/** Every error that crosses a boundary of ours. Callers branch on `code`, never on the message. */
export class ProxyError extends Error {
  readonly code: ErrorCode
  readonly param: string | null
  readonly retryAfterSeconds: number | null
  readonly resetsAt: number | null
  readonly hasActed: boolean

  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause })
    this.name = "ProxyError"
    this.code = code
    this.param = fields.param ?? null
    this.retryAfterSeconds = fields.retryAfterSeconds ?? null
    this.resetsAt = fields.resetsAt ?? null
    this.hasActed = fields.hasActed ?? false
  }
}

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code)
}

/** The CLI no longer has the thread or turn; the engine's cue to seed a new one from the ledger. */
export class ThreadLostError extends ProxyError {
  constructor(message: string, cause?: unknown) {
    super("thread_lost", message, { cause })
    this.name = "ThreadLostError"
  }
}

/** A CLI does not take this function; the engine knows where it stands in the request. */
export class UnfitFunctionError extends ProxyError {
  /** The client's name of it. */
  readonly functionName: string

  constructor(functionName: string, message: string, cause?: unknown) {
    super("invalid_request", message, { param: "tools", cause })
    this.name = "UnfitFunctionError"
    this.functionName = functionName
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Of an agent whose program knows no functions of the client. */
export function cannotCallFunctions(): ProxyError {
  return new ProxyError("invalid_request", "This agent cannot call functions of the client.", {
    param: "tools",
  })
}

/** Of a side request to a program that does as it likes. */
export function cannotBeHeld(program: string): ProxyError {
  return new ProxyError(
    "invalid_request",
    `${program} cannot be kept from acting, so it is not asked for titles, tags and the like. Turn them off in the program that asks for them, or give them another agent.`,
  )
}

/** Of an agent that cannot be asked now: only a person can mend it, or time does. */
export function notReadyError(
  message: string,
  { retryAfterSeconds }: Pick<ErrorFields, "retryAfterSeconds">,
  cause?: unknown,
): ProxyError {
  return retryAfterSeconds === undefined
    ? new ProxyError("agent_not_ready", message, { cause })
    : new ProxyError("agent_unavailable", message, { cause, retryAfterSeconds })
}
