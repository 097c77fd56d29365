import { connect, type Socket } from "node:net"

// Connects `count` times at once, waits until all are connected or for five seconds, and prints how many are.
const [port, count] = process.argv.slice(2).map(Number)
const sockets: Socket[] = []
let connected = 0

function tell(): void {
  console.log(connected)
  process.exit(0)
}

for (let index = 0; index < (count ?? 0); index += 1) {
  const socket = connect(port ?? 0, "127.0.0.1", () => {
    connected += 1
    if (connected === count) tell()
  })
  socket.on("error", () => {})
  sockets.push(socket)
}
setTimeout(tell, 5000)
