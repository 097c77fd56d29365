import type { EventEmitter } from "node:events"
import type { ServerResponse } from "node:http"
import type { Socket } from "node:net"

/** Resolves when the event comes, or the client is gone. */
export function settled(stream: EventEmitter, event: string, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (gone.aborted) return resolve()
    const settle = (): void => {
      stream.off(event, settle)
      gone.removeEventListener("abort", settle)
      resolve()
    }
    stream.on(event, settle)
    gone.addEventListener("abort", settle)
  })
}

/**
 * Resolves as the work does. Silence would make the reader, or something in between, give up: until
 * then a sign of life is written from time to time.
 */
export async function writeSigns<T>(
  outgoing: ServerResponse,
  work: Promise<T>,
  signs: { readonly everyMs: number; readonly gone: AbortSignal; readonly sign: () => string },
): Promise<T> {
  const timer = setInterval(() => {
    // What a slow reader has not taken yet is a sign of life, too.
    if (!signs.gone.aborted && !outgoing.writableNeedDrain) outgoing.write(signs.sign())
  }, signs.everyMs)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

/** Lets everybody else have the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** How long a reader may read, and close by itself, before its connection is broken. */
const lingerMs = 300

/**
 * Ends a connection in the middle of an answer, by a reset: a proxy in between takes an orderly end
 * for that of a whole answer, and passes it on as one (nginx, older Caddy, HAProxy to HTTP/2).
 */
export function breakOff(outgoing: ServerResponse): void {
  const { socket } = outgoing
  if (socket !== null) reset(socket)
  outgoing.destroy()
}

/** Until the reader had time to read, or is gone: a reset may overtake what is on its way. */
export async function taken(outgoing: ServerResponse, gone: AbortSignal): Promise<void> {
  const { socket } = outgoing
  if (socket !== null) await orGone(gone, (done) => socket.write("", () => done()))
  await orGone(gone, (done) => {
    setTimeout(done, lingerMs).unref()
  })
}

function reset(socket: Socket): void {
  // Only TCP has resets; the socket in the home has none.
  if (socket.remoteAddress !== undefined && !socket.destroyed) socket.resetAndDestroy()
  else socket.destroy()
}

function orGone(gone: AbortSignal, wait: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    if (gone.aborted) return resolve()
    const settle = (): void => {
      gone.removeEventListener("abort", settle)
      resolve()
    }
    gone.addEventListener("abort", settle)
    wait(settle)
  })
}
