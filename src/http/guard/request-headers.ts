import { ProxyError } from "../../domain/errors.ts"
import type { SideRequest, TurnRequest } from "../../domain/turn-request.ts"
import { isObject } from "../../protocol/common/shape.ts"
import { sideRequestOfTask } from "../../protocol/common/side-request.ts"

/** A context, or the handshake of a WebSocket. Names in lower case. */
export interface HeaderSource {
  readonly req: { header(name: string): string | undefined }
}

/** Says that a front end asks for something beside the chat: a title, tags, follow-ups. */
const taskHeader = "x-openwebui-task"

const maxSessionKeyBytes = 512
const maxClientRequestIdLength = 128

/** What a turn does when its client closes the connection. */
export type OnDisconnect = "cancel" | "continue"

/** Headers of front ends that send the whole history with each request. */
const resendingClients = /^x-(openwebui|librechat)-/

type Session = Pick<TurnRequest, "sessionKey" | "resendsHistory">

/**
 * The caller's own name of a conversation: the first of the configured headers that is there and
 * not empty (chat front ends send empty ones for temporary chats). Throws `invalid_request` when it
 * is too long or not printable.
 */
export function sessionOf(context: HeaderSource, headerNames: readonly string[]): Session {
  for (const name of headerNames) {
    const value = context.req.header(name)
    if (value === undefined || value === "") continue
    const key = sessionKeyOf(Buffer.from(value, "latin1"), `The header ${name}`, name)
    return { sessionKey: key, resendsHistory: resendingClients.test(name) }
  }
  return { sessionKey: null, resendsHistory: false }
}

/** Without a header, `context_id` of the body names the conversation. Throws as `sessionOf`. */
export function sessionIn(body: unknown, session: Session): Session {
  const id = isObject(body) ? body.context_id : undefined
  if (session.sessionKey !== null || typeof id !== "string" || id === "") return session
  return { sessionKey: sessionKeyOf(Buffer.from(id), "'context_id'", "context_id"), resendsHistory: false }
}

function sessionKeyOf(bytes: Buffer, what: string, param: string): string {
  if (bytes.length > maxSessionKeyBytes) {
    throw new ProxyError("invalid_request", `${what} is longer than ${maxSessionKeyBytes} bytes.`, { param })
  }
  const text = decodeUtf8(bytes)
  if (text === null || /\p{C}/u.test(text)) {
    throw new ProxyError("invalid_request", `${what} must be printable ASCII or UTF-8.`, { param })
  }
  return text
}

/** What its headers say that it is asked beside the chat that they name; null: nothing. */
export function taskOf(context: HeaderSource): SideRequest | null {
  return sideRequestOfTask(context.req.header(taskHeader))
}

/** `X-On-Disconnect`; anything but its two words is refused. */
export function onDisconnectOf(context: HeaderSource): OnDisconnect {
  const value = context.req.header("x-on-disconnect")?.trim().toLowerCase()
  if (value === undefined || value === "cancel") return "cancel"
  if (value === "continue") return "continue"
  throw new ProxyError("invalid_request", "The header X-On-Disconnect must be cancel or continue.", {
    param: "x-on-disconnect",
  })
}

/** `X-Client-Request-Id`, for the log only: cut, and with nothing that could forge a line. */
export function clientRequestIdOf(context: HeaderSource): string | null {
  const value = context.req.header("x-client-request-id")
  if (value === undefined || value === "") return null
  return value.slice(0, maxClientRequestIdLength).replace(/[^\x20-\x7e]/g, "?")
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    // Not UTF-8 is an answer here, not a failure.
    return null
  }
}
