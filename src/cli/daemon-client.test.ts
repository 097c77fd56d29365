import { createServer } from "node:net"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { createTempDir } from "../../test/support/temp-dir.ts"
import { DaemonClient } from "./daemon-client.ts"

test("a service that drops the connection unanswered is told in words for people", async () => {
  const home = await createTempDir("drops")
  const server = createServer((socket) => socket.destroy())
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
