import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import { ProxyError } from "../../domain/errors.ts"
import { newId } from "../../domain/ids.ts"
import { toErrorResponse } from "../../protocol/common/errors.ts"
import type { HttpContext } from "./http-env.ts"

/** The envelope for anything that was thrown, with status and headers; noted for the log. */
export async function answerError(
  context: HttpContext,
  error: unknown,
  extraHeaders: Readonly<Record<string, string>> = {},
): Promise<Response> {
  context.set("failure", error)
  const { body, ...head } = errorAnswer(error, context.get("requestId"))
  const answer = { body, status: head.status, headers: { ...head.headers, ...extraHeaders } }
  const { incoming, outgoing } = context.env ?? {}
  if (incoming !== undefined && outgoing !== undefined && (await isBodyOnItsWay(incoming))) {
    await answerAndDiscard(incoming, outgoing, answer)
    return RESPONSE_ALREADY_SENT
  }
  return new Response(body, answer)
}

/** Its rest would stand before the connection's next request, or in the middle of it. */
async function isBodyOnItsWay(incoming: IncomingMessage): Promise<boolean> {
  const { "content-length": length = "0", "transfer-encoding": encoding } = incoming.headers
  if (incoming.complete || (length === "0" && encoding === undefined)) return false
  // A short body came with the headers, and is taken apart behind them.
  await new Promise((resolve) => setImmediate(resolve))
  return !incoming.complete && !incoming.destroyed
}

export interface ErrorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The same outside a context: faults that Node finds before there is a request. */
export function errorAnswer(error: unknown, requestId = newId("req_")): ErrorAnswer {
  const { status, body, headers } = toErrorResponse(error, requestId)
  return {
    status,
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", "x-request-id": requestId, ...headers },
  }
}

/** What is no request that can be read. */
export function invalidAnswer(message: string): ErrorAnswer {
  return errorAnswer(new ProxyError("invalid_request", message))
}

const maxDiscardedBytes = 64 * 1024 * 1024
const maxLingerMs = 2000

/**
 * Answers a request whose body is still coming, and closes the connection. Closing at once would
 * make the kernel answer the rest of the body with a reset, upon which most clients lose the answer
 * that they have not read yet; so the answer goes out whole, then the rest is thrown away for a
 * bounded time (RFC 9112, 9.6), then the connection ends.
 */
export async function answerAndDiscard(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: ErrorAnswer,
): Promise<void> {
  outgoing.writeHead(answer.status, lastHeaders(answer))
  outgoing.write(answer.body)
  await discardRest(incoming)
  outgoing.end()
}

function discardRest(incoming: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let discardedBytes = 0
    const count = (chunk: Uint8Array): void => {
      discardedBytes += chunk.length
      if (discardedBytes > maxDiscardedBytes) settle()
    }
    const settle = (): void => {
      clearTimeout(timer)
      incoming.off("data", count)
      for (const event of ["end", "close", "error"]) incoming.off(event, settle)
      resolve()
    }
    const timer = setTimeout(settle, maxLingerMs)
    if (incoming.readableEnded || incoming.destroyed) return settle()
    incoming.on("data", count)
    for (const event of ["end", "close", "error"]) incoming.on(event, settle)
    incoming.resume()
  })
}

/** Why a connection is not served: there are too many in all, or too many of its address. */
export type ConnectionRefusal = "all" | "address"

/** Refused connections that are still open, so that their clients can read why. */
const maxLingering = 128
const lingerMs = 1000

/** Ends sockets whose requests are not served. A socket is its own from then on. */
export class EndedSockets {
  /** Those that are still open, so that their clients can read why. */
  #lingering = 0

  /** Writes an answer, and closes. */
  end(socket: Socket, answer: ErrorAnswer): void {
    socket.on("error", () => {})
    socket.end(bareAnswer(answer))
    if (this.#lingering >= maxLingering) {
      socket.destroySoon()
      return
    }
    // What the client has sent and nobody read would make the kernel reset the connection, and the
    // answer with it.
    this.#lingering += 1
    const timer = setTimeout(() => socket.destroy(), lingerMs)
    socket.once("close", () => {
      this.#lingering -= 1
      clearTimeout(timer)
    })
  }
}

/** Tells a client that its connection is not served. */
export function refusedConnection(refusal: ConnectionRefusal): ErrorAnswer {
  const error =
    refusal === "all"
      ? new ProxyError(
          "connections_full",
          "The service has as many connections open as it takes (limits.connections). Try again in a few seconds.",
          { retryAfterSeconds: 2 },
        )
      : new ProxyError(
          "queue_full",
          "Your address has as many connections open as are left for all others (limits.connections). Close some, or try again in a few seconds.",
          { retryAfterSeconds: 5 },
        )
  return errorAnswer(error)
}

/** The last answer of a bare socket, where Node has no response to write it with. */
export function bareAnswer(answer: ErrorAnswer): string {
  const { status, body } = answer
  const lines = Object.entries(lastHeaders(answer)).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`
}

function lastHeaders({ headers, body }: ErrorAnswer): Record<string, string> {
  return { ...headers, connection: "close", "content-length": String(Buffer.byteLength(body)) }
}
