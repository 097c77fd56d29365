/** Opens connections that say nothing and holds them: PORT COUNT FROM_ADDRESS. Ends with its parent. */
import { connect, type Socket } from "node:net"

export interface HolderReport {
  readonly open: number
  /** Given up by the service, or never taken. */
  readonly refused: number
}

const [port = "", count = "", localAddress = "127.0.0.1"] = process.argv.slice(2)
/** As many as may wait for their handshake at once. */
const lanes = 64
let open = 0
let refused = 0
const sockets: Socket[] = []

function hold(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port: Number(port), localAddress })
    sockets.push(socket)
    socket.once("connect", () => {
      open += 1
      resolve()
    })
    socket.once("error", () => {
      refused += 1
      resolve()
    })
  })
}

process.once("disconnect", () => process.exit())
let next = 0
await Promise.all(
  Array.from({ length: lanes }, async () => {
    while (next < Number(count)) {
      next += 1
      await hold()
    }
  }),
)
process.send?.({ open, refused } satisfies HolderReport)
