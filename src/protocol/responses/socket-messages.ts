import { ProxyError } from "../../domain/errors.ts"
import { toErrorResponse } from "../common/errors.ts"
import { invalidRequest, isObject, unknownValue, type WireObject, wrongField } from "../common/shape.ts"

/**
 * A message of a client on a WebSocket as the body of a `POST /v1/responses`. Fields that only mean
 * something to the carrier are taken out where they say what is so anyway (the official agents
 * library sends `stream: true`), and refused by name where they ask for something else.
 */
export function readSocketMessage(message: unknown): WireObject {
  if (!isObject(message)) throw new ProxyError("invalid_request", "A message must be a JSON object.")
  if (message.type === "response.steer") throw notSteerable()
  if (message.type !== "response.create") throw unknownValue("type", ["response.create"], message.type)
  const { type: _, stream, background, ...body } = message
  if (stream != null && stream !== true) {
    throw wrongField("stream", "cannot be set on a WebSocket: every answer is sent as events.")
  }
  if (background != null && background !== false) {
    throw wrongField("background", "is not possible on a WebSocket; use POST /v1/responses.")
  }
  return { ...body, stream: true }
}

/**
 * True for a message that is refused at once and not behind the turn that runs: what is for another
 * lane (`stream_id`), and what wants to change the turn that runs. Both are answered in a form that
 * cannot be taken for the end of that turn.
 */
export function isAnsweredAtOnce(message: unknown): boolean {
  return isObject(message) && (message.type === "response.steer" || isLane(message.stream_id))
}

/** Of a `response.steer` by the event for it, of all others by `error`. */
export function toRefusal(error: unknown, requestId: string, message: unknown): WireObject {
  if (!isObject(message) || message.type !== "response.steer") {
    return toSocketError(error, requestId, message)
  }
  const { message: words } = toErrorResponse(error, requestId).body.error
  const { input, previous_response_id } = message
  return {
    type: "response.steer.failed",
    error: { type: "invalid_request_error", code: "steering_not_supported", message: words },
    steer: { input: input ?? null, previous_response_id: previous_response_id ?? null },
    // No event of the response: those keep their numbers.
    sequence_number: 0,
  }
}

function notSteerable(): ProxyError {
  return invalidRequest(
    "type",
    "'response.steer' cannot be served: the agent was not told of this, and its turn goes on. Wait for its end and send the text as " +
      "'response.create' with 'previous_response_id', or close the socket to interrupt it.",
  )
}

/**
 * What goes wrong outside a response: nested as Open Responses describes it, flat as OpenAI's
 * `error` event is. A refused `stream_id` is repeated: without it the client would wait there for
 * ever, and take the error for that of another lane.
 */
function toSocketError(error: unknown, requestId: string, message: unknown): WireObject {
  const { status, body } = toErrorResponse(error, requestId)
  const { code, message: words, param } = body.error
  const lane = isObject(message) && isLane(message.stream_id) ? { stream_id: message.stream_id } : {}
  return { type: "error", status, code, message: words, param, error: body.error, ...lane }
}

/** As OpenAI writes it; anything else is refused without being repeated. */
function isLane(value: unknown): boolean {
  return typeof value === "string" && /^[A-Za-z0-9_.-]{1,256}$/.test(value)
}
