import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import { ProxyError } from "../../domain/errors.ts"
import { newId } from "../../domain/ids.ts"
import type { ConnectionRefusal } from "./connections.ts"
import { errorAnswer } from "./error-answer.ts"
import { answerAndDiscard } from "./lingering-answer.ts"

/** Refused connections that are still open, so that their clients can read why. */
const maxLingering = 128
const lingerMs = 1000
let lingering = 0

/** Tells a client that its connection is not served, and closes it. The request is read no further than its headers. */
export async function answerRefused(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  refusal: ConnectionRefusal,
): Promise<void> {
  await answerAndDiscard(incoming, outgoing, errorAnswer(refused(refusal), newId("req_")))
}

/** The same for one that is not even to be read; the socket is this function's from now on. */
export function refuseSocket(socket: Socket, refusal: ConnectionRefusal): void {
  endSocket(socket, errorAnswer(refused(refusal), newId("req_")))
}

/** Writes an answer to a socket that is this function's from now on, and closes it. */
export function endSocket(socket: Socket, answer: ReturnType<typeof errorAnswer>): void {
  socket.on("error", () => {})
  socket.end(bareAnswer(answer))
  if (lingering >= maxLingering) {
    socket.destroySoon()
    return
  }
  // What the client has sent and nobody read would make the kernel reset the connection, and the answer with it.
  lingering += 1
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once("close", () => {
    lingering -= 1
    clearTimeout(timer)
  })
}

function refused(refusal: ConnectionRefusal): ProxyError {
  if (refusal === "all") {
    return new ProxyError(
      "connections_full",
      "The service has as many connections open as it takes (limits.connections). Try again in a few seconds.",
      { retryAfterSeconds: 2 },
    )
  }
  return new ProxyError(
    "queue_full",
    "Your address has as many connections open as are left for all others (limits.connections). Close some, or try again in a few seconds.",
    { retryAfterSeconds: 5 },
  )
}

/** An answer as it is written to a bare socket, where Node has no response to write it with. It is the connection's last. */
export function bareAnswer({ status, headers, body }: ReturnType<typeof errorAnswer>): string {
  const all = { ...headers, connection: "close", "content-length": String(Buffer.byteLength(body)) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`
}
