import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { WebSocket } from "ws"
import type { FileLibrary } from "../../src/domain/files.ts"
import type { FixtureOptions } from "./http-fixture.ts"
import { serverFixture, until } from "./http-fixture.ts"

/** More than the system keeps in the buffers of a connection. */
const answerBytes = 24 * 1024 * 1024

/** Has an answer that is over, and asks for it in the given way without reading more than its beginning. */
async function stalled(request: (id: string) => string, options: FixtureOptions = {}) {
  const fixture = await serverFixture(options)
  const { server, engine } = fixture
  engine.onSubmit = (response) => response.answer("x".repeat(answerBytes))
  const created = await fetch(`${server.url}/v1/responses`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ input: "Hi" }),
  })
  const { id } = (await created.json()) as { id: string }
  const socket = connect(server.port, "127.0.0.1")
  onTestFinished(() => {
    socket.destroy()
  })
  socket.on("error", () => {})
  socket.write(request(id))
  socket.once("data", () => socket.pause())
  await until("the answer begins", () => socket.bytesRead > 0)
  return { ...fixture, socket, id }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`

function post(path: string, body: object): string {
  const json = JSON.stringify(body)
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json`
  return `${head}\r\ncontent-length: ${json.length}\r\n\r\n${json}`
}

async function readAll(socket: Socket): Promise<void> {
  socket.resume()
  await until("the whole answer is there", () => socket.bytesRead > answerBytes, 20_000)
}

const messages = [{ role: "user", content: "Hi" }]

const ways: readonly [name: string, request: (id: string) => string][] = [
  ["a stored response", (id) => get(`/v1/responses/${id}`)],
  ["a replayed stream", (id) => get(`/v1/responses/${id}?stream=true`)],
  ["a new response", () => post("/v1/responses", { input: "Hi" })],
  ["a new response, streamed", () => post("/v1/responses", { input: "Hi", stream: true })],
  ["a new completion", () => post("/v1/chat/completions", { messages })],
  ["a new completion, streamed", () => post("/v1/chat/completions", { messages, stream: true })],
]

test.each(ways)(
  "a reader of %s that stalls too long is ended, and the log says which bound it met",
  async (_name, request) => {
    const { socket, logged } = await stalled(request, { limits: { unreadMs: 300 } })
    await until("the log tells it", () => logged.some((line) => line.includes("limits.unread_ms")))
    socket.resume()
    await until("the connection is closed", () => socket.closed || socket.readableEnded)
    expect(socket.bytesRead).toBeLessThan(answerBytes)
  },
)

test.each(ways)("a reader of %s that stalls and then reads has all of it", async (_name, request) => {
  const { socket } = await stalled(request)
  await readAll(socket)
})

test("a file that is not read is not read from the disk, and its reader is ended like all others", async () => {
  let read = 0
  async function* content(): AsyncGenerator<Uint8Array> {
    for (; read < answerBytes; read += 64 * 1024) yield new Uint8Array(64 * 1024)
  }
  const file = {
    id: `file-${"0".repeat(32)}`,
    principal: "owner",
    name: "a.bin",
    mimeType: "application/octet-stream",
    purpose: "user_data",
    bytes: answerBytes,
    sha256: "",
    createdAt: 0,
    expiresAt: null,
  }
  // Of a library only this is asked for.
  const files = { open: async () => ({ file, content: content() }) } as unknown as FileLibrary
  const { logged } = await stalled(() => get(`/v1/files/${file.id}/content`), {
    files,
    limits: { unreadMs: 300 },
  })
  await until("the log tells it", () => logged.some((line) => line.includes("limits.unread_ms")))
  expect(read).toBeLessThan(answerBytes)
})

test("a client of a WebSocket that reads late has long messages whole, and behind them what was said meanwhile", async () => {
  const { server, engine } = await serverFixture()
  const text = "é".repeat(answerBytes / 2)
  engine.onSubmit = (response) => response.answer(text)
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`)
  onTestFinished(() => socket.terminate())
  await once(socket, "open")
  const messages: { type: string; text?: string; delta?: string; sequence_number?: number }[] = []
  socket.on("message", (data) => messages.push(JSON.parse(String(data))))
  socket.pause()
  socket.send(JSON.stringify({ type: "response.create", input: "Hi", store: false }))
  await until("the turn is over", () => engine.responses[0]?.record.status === "completed")
  // Refused while a long message is under way: it must not come into the middle of it.
  socket.send("{}")
  for (let count = 0; count < 20; count += 1)
    socket.send(JSON.stringify({ type: "response.create", input: "Hi" }))
  socket.resume()
  const isError = ({ type }: { type: string }) => type === "error"
  await until(
    "all messages are there",
    () => messages.some(({ type }) => type === "response.completed") && messages.some(isError),
    20_000,
  )
  const done = messages.find(({ type }) => type === "response.output_text.done")
  expect(done?.text === text).toBe(true)
}, 60_000)

test("a WebSocket whose client does not read for too long is ended", async () => {
  const { server, engine, logged } = await serverFixture({ limits: { unreadMs: 300 } })
  engine.onSubmit = (response) => response.answer("x".repeat(answerBytes))
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`)
  onTestFinished(() => socket.terminate())
  await once(socket, "open")
  socket.on("error", () => {})
  socket.pause()
  socket.send(JSON.stringify({ type: "response.create", input: "Hi" }))
  await until("the log tells it", () => logged.some((line) => line.includes("limits.unread_ms")))
  socket.resume()
  await once(socket, "close")
})
