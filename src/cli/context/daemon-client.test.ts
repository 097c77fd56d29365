import { createServer } from "node:net"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { createTempDir } from "../../../test/support/temp-dir.ts"
import { DaemonClient } from "./daemon-client.ts"

test.each([
  ["unanswered", ""],
  ["within its answer", 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"version"'],
])("a service that drops the connection %s is told in words for people", async (_when, answer) => {
  const home = await createTempDir("drops")
  const server = createServer((socket) => {
    socket.on("error", () => {})
    if (answer === "") socket.destroy()
    else socket.once("data", () => socket.write(answer, () => socket.destroy()))
  })
  await new Promise<void>((resolve) => server.listen(join(home.path, "daemon.sock"), resolve))
  onTestFinished(async () => {
    await new Promise((resolve) => server.close(resolve))
    await home.remove()
  })
  await expect(new DaemonClient(home.path).status()).rejects.toMatchObject({
    name: "ProxyError",
    message: expect.stringContaining("closed the connection"),
  })
})
