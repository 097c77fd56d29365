import type { TurnError } from "../../domain/turn-events.ts"
import type { NativeTurnError } from "./protocol.ts"

/** What codex names without a status, and the status that a model server gives for it. */
const statusOfInfo: Readonly<Record<string, number>> = {
  unauthorized: 401,
  usageLimitExceeded: 429,
  rateLimitExceeded: 429,
  sessionBudgetExceeded: 429,
  contextWindowExceeded: 400,
  badRequest: 400,
  modelNotFound: 404,
  serverOverloaded: 503,
  internalServerError: 500,
  flexUnavailable: 503,
  policyCapacityUnavailable: 503,
}

/** Faults of codex itself; everything else comes from the model server or the way to it. */
const ownFaults = new Set(["sandboxError", "threadRollbackFailed", "activeTurnNotSteerable"])

/**
 * Why codex says that a turn failed. The HTTP status is in `codexErrorInfo` (a word or an object), or in the body that
 * the message quotes: a 400 arrives as `other` with the raw body as the message.
 */
export function turnErrorOf(error: NativeTurnError | null | undefined): TurnError {
  if (error == null) {
    return {
      code: "backend_error",
      message: "codex ended the turn as failed without a reason",
      modelStatus: null,
    }
  }
  const info = infoOf(error.codexErrorInfo)
  const body = bodyOf(error.message)
  const message = [body.message ?? error.message, error.additionalDetails].filter(Boolean).join(": ")
  const modelStatus =
    info.status ?? body.status ?? statusInText(error.message) ?? statusOfBody(info.word, body.message)
  return {
    code: info.word !== null && ownFaults.has(info.word) ? "backend_error" : "model_error",
    message: modelStatus === 401 ? `${message}. ${loginStep}` : message,
    modelStatus,
  }
}

const loginStep = "Run `codex login` as the user of this service, or check the key of its model provider."

function infoOf(info: unknown): { word: string | null; status: number | null } {
  if (typeof info === "string") return { word: info, status: statusOfInfo[info] ?? null }
  if (typeof info !== "object" || info === null) return { word: null, status: null }
  const [word, fields] = Object.entries(info)[0] ?? [null, null]
  const status: unknown =
    typeof fields === "object" && fields !== null && "httpStatusCode" in fields ? fields.httpStatusCode : null
  return { word, status: httpStatus(status) }
}

/** The message of an error body, where codex passes the body on as the message. */
function bodyOf(text: string): { message: string | null; status: number | null } {
  if (!text.startsWith("{")) return { message: null, status: null }
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    // A message that merely begins with a brace.
    return { message: null, status: null }
  }
  const outer = recordOf(body)
  const error = recordOf(outer.error)
  const message = error.message ?? outer.message ?? outer.detail
  return {
    message: typeof message === "string" ? message : null,
    status: httpStatus(outer.status) ?? httpStatus(error.code) ?? httpStatus(error.status),
  }
}

/** Only a 400 is passed on as the plain body. */
function statusOfBody(word: string | null, message: string | null): number | null {
  return word === "other" && message !== null ? 400 : null
}

function statusInText(text: string): number | null {
  return httpStatus(Number(/\b(?:unexpected|last) status:? (\d{3})\b/.exec(text)?.[1]))
}

function httpStatus(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 400 && value < 600 ? value : null
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {}
}
