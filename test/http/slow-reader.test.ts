import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import type { ResponseRecord } from "../../src/domain/responses.ts"
import { ResponseLog } from "../../src/engine/log/response-log.ts"
import { BoundLog } from "../../src/http/server/bounds.ts"
import { StalledReaders } from "../../src/http/server/stalled-readers.ts"
import { writeSse } from "../../src/http/turns/sse-writer.ts"
import { until } from "./http-fixture.ts"
import { SseClient } from "./sse-client.ts"

const deltaCount = 100_000

interface Streaming {
  readonly log: ResponseLog
  readonly client: SseClient
  readonly outgoing: () => ServerResponse
}

/** The writer alone on a socket, so that its buffers can be looked at. */
async function streaming(keepAliveMs: number): Promise<Streaming> {
  const log = new ResponseLog()
  log.append({ type: "created" })
  let current: ServerResponse | null = null
  const server = createServer((_incoming, outgoing) => {
    current = outgoing
    const gone = new AbortController()
    outgoing.once("close", () => gone.abort())
    void writeSse(outgoing, {
      log,
      // Of a record only what it weighs is asked for.
      held: { log, record: { output: [] } as unknown as ResponseRecord },
      readers: new StalledReaders({ unreadBytes: 1024, unreadMs: 60_000 }, new BoundLog(() => {})),
      encoder: {
        encode: (event, sequence) =>
          `data: ${sequence} ${event.type} ${event.type === "text.delta" ? event.text : ""}${"x".repeat(130)}\n\n`,
        signOfLife: () => ": alive\n\n",
        isBroken: false,
      },
      headers: {},
      keepAliveMs,
      clientGone: gone.signal,
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  // A TCP server's address is never a string.
  const { port } = server.address() as AddressInfo
  const client = new SseClient(`http://127.0.0.1:${port}/`, {})
  await client.sees("created")
  return {
    log,
    client,
    outgoing: () => {
      if (current === null) throw new Error("No request came.")
      return current
    },
  }
}

test("a reader that stalls for long gets every event in the end, and the server holds next to nothing for it", async () => {
  const { log, client, outgoing } = await streaming(10)
  client.answer?.pause()
  for (let index = 0; index < deltaCount; index += 1) {
    log.append({ type: "text.delta", outputIndex: 0, partIndex: 0, text: `t${index}` })
  }
  log.append({ type: "completed" })
  log.close()
  await until("the writer waits for the reader", () => outgoing().writableNeedDrain)
  const heldBytes = outgoing().writableLength
  expect(heldBytes).toBeLessThan(512 * 1024)

  // Nothing is added while the reader stalls, signs of life included: another stream shows that some were due.
  const other = await streaming(10)
  await until("signs of life were due", () => other.client.text.split(": alive").length > 5)
  expect(outgoing().writableLength).toBe(heldBytes)
  expect(outgoing().destroyed).toBe(false)

  client.answer?.resume()
  const text = await client.ended(30_000)
  const sequences = text
    .split("\n\n")
    .flatMap((frame) => (frame.startsWith("data: ") ? [frame.split(" ")[1]] : []))
  expect(sequences).toHaveLength(deltaCount + 2)
  expect(sequences.every((sequence, index) => Number(sequence) === index)).toBe(true)
})

test("a reader that stalls and then leaves frees the writer", async () => {
  const { log, client, outgoing } = await streaming(15_000)
  client.answer?.pause()
  for (let index = 0; index < deltaCount; index += 1) {
    log.append({ type: "text.delta", outputIndex: 0, partIndex: 0, text: "t" })
  }
  await until("the writer waits for the reader", () => outgoing().writableNeedDrain)
  client.leave()
  await until("the response is closed", () => outgoing().closed)
  expect(client.isEnded).toBe(false)
})
