import { connect, type Socket } from "node:net"
import { describe, expect, onTestFinished, test } from "vitest"
import { type ServerFixture, serverFixture, until } from "./http-fixture.ts"

/** A bare connection, and all that came on it. */
class Wire {
  readonly socket: Socket
  text = ""
  isClosed = false

  constructor({ server }: ServerFixture) {
    this.socket = connect(server.port, "127.0.0.1")
    this.socket.setEncoding("utf8").on("data", (data: string) => {
      this.text += data
    })
    this.socket.on("error", () => {})
    this.socket.on("close", () => {
      this.isClosed = true
    })
    onTestFinished(() => {
      this.socket.destroy()
    })
  }

  async closed(): Promise<string> {
    await until("the connection is closed", () => this.isClosed)
    return this.text
  }
}

function post(path: string, fields: object): string {
  const body = JSON.stringify({ input: "Hi", messages: [{ role: "user", content: "Hi" }], ...fields })
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

const bodyOf = (path: string) => (path === "/v1/responses" ? { messages: undefined } : { input: undefined })
const badChunk =
  "POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nno number\r\n"

const ways = [
  { path: "/v1/responses", stream: false, ends: '"completed"' },
  { path: "/v1/responses", stream: true, ends: "[DONE]" },
  { path: "/v1/chat/completions", stream: false, ends: '"stop"' },
  { path: "/v1/chat/completions", stream: true, ends: "[DONE]" },
]

describe.each(ways)("an answer of $path (stream: $stream) that is not out yet", ({ path, stream, ends }) => {
  test.each([
    ["bytes that are no HTTP", "garbage\r\n\r\n", "400 Bad Request"],
    ["headers that are too large", `GET / HTTP/1.1\r\nx: ${"x".repeat(40_000)}\r\n\r\n`, "431 "],
    ["a request with a broken body", badChunk, "400 Bad Request"],
  ])("is finished in front of the refusal of %s", async (_, malformed, line) => {
    const fixture = await serverFixture()
    const { engine } = fixture
    engine.onSubmit = (response) => response.begin()
    const wire = new Wire(fixture)
    wire.socket.write(post(path, { stream, ...bodyOf(path) }))
    await until("the turn runs", () => engine.responses.length === 1)
    if (stream) await until("the stream has begun", () => wire.text.includes("200 OK"))
    wire.socket.write(malformed)
    // Whatever the service makes of it, it has been read once an answer to something sent later could be there.
    await fetch(`${fixture.server.url}/health`)
    await fetch(`${fixture.server.url}/health`)
    engine.responses[0]?.say("All of it.")
    engine.responses[0]?.complete()
    const text = await wire.closed()
    const answers = text.split(/(?=HTTP\/1\.1 \d)/)
    expect(answers).toHaveLength(2)
    expect(answers[0]).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(answers[0]).toContain("All of it.")
    expect(answers[0]).toContain(ends)
    if (stream) expect(answers[0]).toMatch(/\r\n0\r\n\r\n$/)
    expect(answers[1]).toContain(`HTTP/1.1 ${line}`)
    expect(answers[1]).toContain('"invalid_request"')
    expect(engine.responses).toHaveLength(1)
    expect(engine.responses[0]?.cancelCount).toBe(0)
  })
})

test("answers of several requests come in their order, and the refusal behind them", async () => {
  const fixture = await serverFixture()
  const { engine } = fixture
  engine.onSubmit = (response) => response.begin()
  const wire = new Wire(fixture)
  const request = post("/v1/responses", { ...bodyOf("/v1/responses") })
  wire.socket.write(`${request}${request}garbage\r\n\r\n`)
  await until("both turns run", () => engine.responses.length === 2)
  for (const [index, response] of [...engine.responses].reverse().entries()) {
    response.say(`number ${1 - index}`)
    response.complete()
  }
  const answers = (await wire.closed()).split(/(?=HTTP\/1\.1 \d)/)
  expect(answers.map((answer) => /number \d/.exec(answer)?.[0])).toEqual(["number 0", "number 1", undefined])
  expect(answers[2]).toContain("400 Bad Request")
})

test("a turn whose client leaves behind its garbage is cancelled", async () => {
  const fixture = await serverFixture()
  const { engine } = fixture
  engine.onSubmit = (response) => response.begin()
  const wire = new Wire(fixture)
  wire.socket.write(`${post("/v1/responses", { ...bodyOf("/v1/responses") })}garbage\r\n\r\n`)
  await until("the turn runs", () => engine.responses.length === 1)
  wire.socket.end()
  await until("it is cancelled", () => (engine.responses[0]?.cancelCount ?? 0) > 0)
})

test("a client that goes on with garbage for a megabyte is cut", async () => {
  const fixture = await serverFixture()
  const { engine } = fixture
  engine.onSubmit = (response) => response.begin()
  const wire = new Wire(fixture)
  wire.socket.write(post("/v1/responses", { ...bodyOf("/v1/responses") }))
  await until("the turn runs", () => engine.responses.length === 1)
  const garbage = Buffer.alloc(64 * 1024, "g")
  for (let sent = 0; sent < 64 && !wire.isClosed; sent += 1) {
    if (wire.socket.write(garbage)) continue
    await new Promise<unknown>((resolve) => wire.socket.once("drain", resolve).once("close", resolve))
  }
  await wire.closed()
  await until("its turn is cancelled", () => (engine.responses[0]?.cancelCount ?? 0) > 0)
})

test("a request whose own body is broken is refused, and its connection closed", async () => {
  const fixture = await serverFixture()
  const wire = new Wire(fixture)
  wire.socket.write(badChunk)
  expect(await wire.closed()).toMatch(/^HTTP\/1\.1 400 Bad Request/)
  expect(fixture.engine.responses).toHaveLength(0)
})
