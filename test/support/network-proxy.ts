import { createServer, request } from "node:http"
import { connect } from "node:net"

export interface NetworkProxy {
  readonly url: string
  /** Authorities that were asked for and are not `known`: such a proxy cannot reach this machine. */
  readonly refused: readonly string[]
  /** Authorities that were reached. */
  readonly reached: readonly string[]
  close(): Promise<void>
}

/**
 * A network's proxy on loopback: it reaches the authorities of `known` (name to port of this machine), and answers 503 for
 * all else.
 */
export async function startNetworkProxy(known: Readonly<Record<string, number>>): Promise<NetworkProxy> {
  const refused: string[] = []
  const reached: string[] = []
  const portOf = (authority: string): number | null => {
    const port = known[authority.replace(/:80$/, "")] ?? null
    const list = port === null ? refused : reached
    list.push(authority)
    return port
  }
  const server = createServer((incoming, answer) => {
    const url = new URL(incoming.url ?? "/", "http://the-proxy-itself")
    const port = portOf(url.host)
    if (port === null) {
      incoming.resume()
      answer.writeHead(503).end("the proxy cannot reach it")
      return
    }
    const path = `${url.pathname}${url.search}`
    const onward = request({
      host: "127.0.0.1",
      port,
      method: incoming.method,
      path,
      headers: incoming.headers,
    })
    onward.on("response", (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(answer)
    })
    onward.on("error", () => answer.destroy())
    answer.on("close", () => onward.destroy())
    incoming.pipe(onward)
  })
  server.on("connect", (incoming, socket) => {
    const port = portOf(incoming.url ?? "")
    socket.on("error", () => socket.destroy())
    if (port === null) {
      socket.end("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")
      return
    }
    const onward = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n")
      onward.pipe(socket).pipe(onward)
    })
    onward.on("error", () => socket.destroy())
    socket.on("close", () => onward.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the proxy has no port")
  return {
    url: `http://127.0.0.1:${address.port}`,
    refused,
    reached,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
