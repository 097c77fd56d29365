import { type ClientRequest, type IncomingMessage, request } from "node:http"

/** A client that reads the head of its answer and then nothing more. */
export interface StalledReader {
  /** Status of the answer; null: the connection ended before it. */
  readonly status: number | null
  /** Reads on to the end; false: the answer was cut. */
  resume(): Promise<boolean>
  leave(): void
}

export function stalledReader(
  port: number,
  {
    path,
    body,
    timeoutMs,
  }: { readonly path: string; readonly body: object | null; readonly timeoutMs: number },
): Promise<StalledReader> {
  const text = body === null ? undefined : JSON.stringify(body)
  return new Promise((resolve) => {
    const outgoing: ClientRequest = request({
      host: "127.0.0.1",
      port,
      path,
      method: text === undefined ? "GET" : "POST",
      agent: false,
      ...(text !== undefined && {
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
      }),
    })
    const settle = (incoming: IncomingMessage | null): void => {
      clearTimeout(timer)
      // Whatever comes of a connection that nobody reads is no fault of the harness.
      outgoing.on("error", () => {})
      incoming?.on("error", () => {})
      resolve({
        status: incoming?.statusCode ?? null,
        resume: () => (incoming === null ? Promise.resolve(false) : readToEnd(incoming, timeoutMs)),
        leave: () => outgoing.destroy(),
      })
    }
    const timer = setTimeout(() => settle(null), timeoutMs)
    outgoing.once("response", (incoming) => {
      incoming.pause()
      settle(incoming)
    })
    outgoing.once("error", () => settle(null))
    outgoing.end(text)
  })
}

function readToEnd(incoming: IncomingMessage, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs)
    incoming.once("close", () => {
      clearTimeout(timer)
      resolve(incoming.complete)
    })
    incoming.resume()
  })
}
