import { createServer, type IncomingHttpHeaders, request as send } from "node:http"
import type { AddressInfo } from "node:net"

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Empty while it comes. */
  readonly body: string
  /** Null: no headers yet. */
  readonly status: number | null
  /** The client went before the answer had ended. */
  readonly isLeft: boolean
}

export interface RecordingProxy {
  readonly url: string
  /** As they came, oldest first. */
  readonly requests: readonly ReceivedRequest[]
  /** Of the POSTs, whose bodies were JSON. */
  bodies(): Record<string, unknown>[]
  clear(): void
  close(): void
}

/** Forwards to `url` what it gets; a side that goes away takes the other one with it. */
export async function startRecordingProxy(url: string): Promise<RecordingProxy> {
  const target = new URL(url)
  let requests: { -readonly [Key in keyof ReceivedRequest]: ReceivedRequest[Key] }[] = []
  const server = createServer((incoming, outgoing) => {
    const { method = "", url: path = "", headers } = incoming
    const received = { method, path, headers, body: "", status: null as number | null, isLeft: false }
    requests.push(received)
    const chunks: Buffer[] = []
    const upstream = send({ host: target.hostname, port: target.port, method, path, headers })
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
    incoming.on("end", () => {
      received.body = Buffer.concat(chunks).toString("utf8")
    })
    incoming.pipe(upstream)
    upstream.on("response", (answer) => {
      received.status = answer.statusCode ?? null
      outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders)
      outgoing.flushHeaders()
      answer.pipe(outgoing)
      answer.on("error", () => outgoing.socket?.resetAndDestroy())
      answer.on("aborted", () => outgoing.socket?.resetAndDestroy())
    })
    upstream.on("error", () => outgoing.socket?.resetAndDestroy())
    outgoing.on("close", () => {
      if (outgoing.writableFinished) return
      received.isLeft = true
      upstream.destroy()
    })
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  // Listening on a TCP port always gives an AddressInfo.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    get requests() {
      return requests
    },
    bodies: () =>
      requests
        .filter(({ method, body }) => method === "POST" && body !== "")
        .map(({ body }) => JSON.parse(body)),
    clear: () => {
      requests = []
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
