import type { Duplex } from "node:stream"
import type { WebSocket } from "ws"
import { oneLineJson } from "../domain/one-line-json.ts"
import type { LiveResponse } from "../domain/response-log.ts"
import { createResponsesProjection } from "./turn-api.ts"

const eventsPerRead = 256
const maxBufferedBytes = 64 * 1024

/** A WebSocket and the connection beneath it, which is corked to send many messages in one write. */
export interface SocketWire {
  readonly socket: WebSocket
  readonly connection: Duplex
  /** Aborted when the client is gone: nothing is written any more. */
  readonly gone: AbortSignal
}

/**
 * Writes a response's log as messages, one event each, until its end or the client's. The numbers are those of the SSE
 * stream. Of a failure only `response.failed` is sent: either of its two events is an end to a client that reads turn
 * after turn from one socket, and the other would become the beginning of its next answer. A slow reader is waited for,
 * and costs nothing but its place in the log.
 */
export async function writeSocketEvents(
  wire: SocketWire,
  live: LiveResponse,
  serverLabel: string,
): Promise<void> {
  const { socket, connection, gone } = wire
  const project = createResponsesProjection(live, serverLabel)
  const { log } = live
  let sequence = 0
  while (!gone.aborted) {
    const events = log.read(sequence, eventsPerRead)
    if (events.length === 0) {
      if (log.isClosed && sequence >= log.length) return
      await log.waitFor(sequence)
      continue
    }
    connection.cork()
    try {
      for (const event of events) {
        for (const message of project(event, sequence)) {
          if (message.type !== "error") socket.send(oneLineJson(JSON.stringify(message)))
        }
        sequence += 1
        if (socket.bufferedAmount > maxBufferedBytes) break
      }
    } finally {
      connection.uncork()
    }
    if (socket.bufferedAmount > maxBufferedBytes) await drained(wire)
    // A long log and a fast reader would otherwise keep everybody else from the event loop.
    else if (events.length === eventsPerRead) await nextTurn()
  }
}

/** Resolves when all that was sent is with the kernel, or the client is gone. */
function drained({ connection, gone }: SocketWire): Promise<void> {
  if (gone.aborted || !connection.writableNeedDrain) return nextTurn()
  return new Promise((resolve) => {
    const settle = (): void => {
      connection.off("drain", settle)
      gone.removeEventListener("abort", settle)
      resolve()
    }
    connection.on("drain", settle)
    gone.addEventListener("abort", settle)
  })
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
