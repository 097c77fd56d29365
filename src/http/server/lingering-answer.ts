import type { IncomingMessage, ServerResponse } from "node:http"

const maxDiscardedBytes = 64 * 1024 * 1024
const maxLingerMs = 2000

/**
 * Answers a request whose body is still coming, and closes the connection. Closing at once would make the kernel
 * answer the rest of the body with a reset, upon which most clients lose the answer that they have not read yet; so
 * the answer goes out whole, then the rest is thrown away for a bounded time (RFC 9112, 9.6), then the connection ends.
 */
export async function answerAndDiscard(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  },
): Promise<void> {
  outgoing.writeHead(answer.status, {
    ...answer.headers,
    connection: "close",
    "content-length": Buffer.byteLength(answer.body),
  })
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
