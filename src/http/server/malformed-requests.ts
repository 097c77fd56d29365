import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { bareAnswer, invalidAnswer } from "./error-answer.ts"

/** What is read and thrown away behind a malformed request, while earlier answers are finished. */
const maxDiscardedBytes = 1024 * 1024
/** How long a client may take to read the refusal and close. */
const maxLingerMs = 2000

interface Exchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

interface Connection {
  /** Requests whose answers are not out yet. */
  readonly open: Set<Exchange>
  /** What the parser said, and how much had come by then; null: all was well so far. */
  fault: { readonly code: string | undefined; readonly bytesRead: number } | null
  isRefused: boolean
}

/**
 * What Node's parser refuses, or waited for too long, never becomes a request: the envelope is
 * written to the bare socket, and the connection closed. Answers to the requests before it are
 * finished first, however long they take, for their clients did nothing wrong; what comes behind it
 * is not answered.
 */
export class MalformedRequests {
  readonly #connections = new WeakMap<Socket, Connection>()
  readonly #maxHeaderBytes: number

  constructor(maxHeaderBytes: number) {
    this.#maxHeaderBytes = maxHeaderBytes
  }

  /** A request has begun. False: it stands behind a malformed one and is not to be answered. */
  began(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const { socket } = incoming
    const connection = this.#of(socket)
    if (connection.fault !== null) return false
    const exchange = { incoming, outgoing }
    connection.open.add(exchange)
    outgoing.once("close", () => {
      connection.open.delete(exchange)
      if (connection.fault !== null) this.#refuse(socket, connection, connection.fault.code)
    })
    return true
  }

  /** The server's `clientError`; the parser says it again of all that follows on the connection. */
  found({ code }: NodeJS.ErrnoException, socket: Socket): void {
    const connection = this.#of(socket)
    // Whoever has ended its side is gone to Node's server, whatever it still waits for.
    const isGone = code === "ECONNRESET" || (socket.readableEnded && connection.open.size > 0)
    if (!socket.writable || isGone) {
      socket.destroy()
      return
    }
    connection.fault ??= { code, bytesRead: socket.bytesRead }
    if (socket.bytesRead - connection.fault.bytesRead > maxDiscardedBytes) socket.destroy()
    else this.#refuse(socket, connection, connection.fault.code)
  }

  #of(socket: Socket): Connection {
    let connection = this.#connections.get(socket)
    if (connection === undefined) {
      connection = { open: new Set(), fault: null, isRefused: false }
      this.#connections.set(socket, connection)
    }
    return connection
  }

  /** Once only the malformed request itself, whose body may be the fault, waits for an answer. */
  #refuse(socket: Socket, connection: Connection, code: string | undefined): void {
    const open = [...connection.open]
    if (connection.isRefused || open.some(({ incoming }) => incoming.complete)) return
    connection.isRefused = true
    // It has been answered already: written behind or into that, the envelope would only garble it.
    if (!socket.writable || open.some(({ outgoing }) => outgoing.headersSent)) {
      socket.destroy()
      return
    }
    socket.end(refusalOf(code, this.#maxHeaderBytes))
    // Closed at once, with bytes that nobody has read, it would be reset, and the refusal lost on
    // the way.
    const timer = setTimeout(() => socket.destroy(), maxLingerMs)
    socket.once("close", () => clearTimeout(timer))
  }
}

function refusalOf(code: string | undefined, maxHeaderBytes: number): string {
  const told = (status: number, message: string): string => bareAnswer({ ...invalidAnswer(message), status })
  if (code === "HPE_HEADER_OVERFLOW") {
    return told(431, `The headers are larger than the limit of ${maxHeaderBytes} bytes.`)
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return told(408, "The request did not arrive completely within the time limit.")
  }
  return told(400, "This is not a valid HTTP/1.1 request.")
}
