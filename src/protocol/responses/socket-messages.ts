import { ProxyError } from "../../domain/errors.ts"
import { toErrorResponse } from "../errors.ts"
import { invalidRequest, isObject, unknownValue } from "../shape.ts"
import type { WireObject } from "../wire-items.ts"

/**
 * A message of a client on a WebSocket as the body of a `POST /v1/responses`. Fields that only mean something to the
 * carrier are taken out where they say what is so anyway (the official agents library sends `stream: true`), and
 * refused by name where they ask for something else. Throws `ProxyError`.
 */
export function readSocketMessage(message: unknown): WireObject {
  if (!isObject(message)) throw new ProxyError("invalid_request", "A message must be a JSON object.")
  if (message.type !== "response.create") throw unknownValue("type", ["response.create"], message.type)
  const { type: _, stream, background, ...body } = message
  if (isSet(stream) && stream !== true) {
    throw invalidRequest("stream", "'stream' cannot be set on a WebSocket: every answer is sent as events.")
  }
  if (isSet(background) && background !== false) {
    throw invalidRequest("background", "'background' is not possible on a WebSocket; use POST /v1/responses.")
  }
  return { ...body, stream: true }
}

/**
 * What goes wrong outside a response: nested as Open Responses describes it, flat as OpenAI's `error` event is. A refused
 * `stream_id` is repeated: without it the client would wait there for ever, and take the error for that of another lane.
 */
export function toSocketError(error: unknown, requestId: string, message: unknown = null): WireObject {
  const { status, body } = toErrorResponse(error, requestId)
  const { code, message: words, param } = body.error
  const lane = isObject(message) && isLane(message.stream_id) ? { stream_id: message.stream_id } : {}
  return { type: "error", status, code, message: words, param, error: body.error, ...lane }
}

/** As OpenAI writes it; anything else is refused without being repeated. */
function isLane(value: unknown): boolean {
  return typeof value === "string" && /^[A-Za-z0-9_.-]{1,256}$/.test(value)
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}
