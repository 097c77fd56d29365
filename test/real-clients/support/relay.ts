import type { AddressInfo } from "node:net"
import { connect, createServer, type Socket } from "node:net"

/** An address that stays the same while what is behind it changes, for a program that is set up once. */
export interface Relay {
  readonly url: string
  /** For the connections that come from now on. */
  pointTo(url: string): void
  close(): void
}

/** Passes bytes on; a side that goes away takes the other one with it. */
export async function startRelay(): Promise<Relay> {
  let target: URL | null = null
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    if (target === null) return void near.destroy()
    const far = connect(Number(target.port), target.hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on("error", () => other.destroy())
      one.on("close", () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  // Listening on a TCP port always gives an AddressInfo.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    pointTo: (url) => {
      target = new URL(url)
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
