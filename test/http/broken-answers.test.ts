import { once } from "node:events"
import { connect } from "node:net"
import { describe, expect, onTestFinished, test } from "vitest"
import { WebSocket } from "ws"
import type { FakeEngine, FakeResponse } from "./fake-engine.ts"
import { type ServerFixture, serverFixture, until } from "./http-fixture.ts"

/** A request on a bare socket, and how its connection ended. */
class Connection {
  text = ""
  /** `end`: in order, which a proxy takes for the end of a whole answer; else the code of the error. */
  ending: string | null = null

  constructor({ server }: ServerFixture, path: string, body: object) {
    const socket = connect(server.port, "127.0.0.1")
    socket.setEncoding("utf8")
    socket.on("data", (data: string) => {
      this.text += data
    })
    socket.on("end", () => {
      this.ending ??= "end"
    })
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.ending ??= error.code ?? "error"
    })
    const json = JSON.stringify(body)
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
    )
    onTestFinished(() => {
      socket.destroy()
    })
  }

  async ended(): Promise<string | null> {
    await until("the connection has ended", () => this.ending !== null)
    return this.ending
  }
}

async function submitted(engine: FakeEngine): Promise<FakeResponse> {
  await until("the turn is submitted", () => engine.responses.length > 0)
  const response = engine.responses[0]
  if (response === undefined) throw new Error("unreachable")
  return response
}

const messages = [{ role: "user", content: "Hi" }]
const failure = { code: "model_error", message: "The model server said no.", modelStatus: 500 }

describe("an answer that comes to no end", () => {
  test.each([
    ["a chat stream", "/v1/chat/completions", { messages, stream: true }],
    ["a stream of Responses", "/v1/responses", { input: "Hi", stream: true }],
    ["a whole answer that has begun", "/v1/responses", { input: "Hi" }],
  ])("because the service ends, %s, is broken off by a reset", async (_name, path, body) => {
    const fixture = await serverFixture({ limits: { keepAliveMs: 15 } })
    fixture.engine.onSubmit = () => {}
    const connection = new Connection(fixture, path, body)
    await submitted(fixture.engine)
    await until("the body has begun", () => connection.text.includes("\r\n\r\n"))
    await fixture.server.close()
    expect(await connection.ended()).toBe("ECONNRESET")
    expect(connection.text).not.toMatch(/\r\n0\r\n\r\n$/)
  })

  test("because of a fault of ours is broken off by a reset", async () => {
    const fixture = await serverFixture()
    fixture.engine.onSubmit = () => {}
    const connection = new Connection(fixture, "/v1/responses", { input: "Hi", stream: true })
    const response = await submitted(fixture.engine)
    await until("the stream has begun", () => connection.text.includes("response.in_progress"))
    // There is no such item.
    response.append({ type: "text.delta", outputIndex: 7, partIndex: 0, text: "lost" })
    expect(await connection.ended()).toBe("ECONNRESET")
  })

  test("on a WebSocket because the service ends is told by the code 1012", async () => {
    const { server, engine } = await serverFixture()
    engine.onSubmit = () => {}
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`)
    await once(socket, "open")
    socket.send(JSON.stringify({ type: "response.create", input: "Hi" }))
    await submitted(engine)
    const closed = once(socket, "close")
    await server.close()
    expect((await closed)[0]).toBe(1012)
  })

  test.each([
    ["", () => {}],
    [" while it waits for the answers", (server: ServerFixture["server"]) => void server.close()],
  ])(
    "because the service ends at once%s is broken off by a reset, on a WebSocket by 1012",
    async (_when, before) => {
      const fixture = await serverFixture({ closeGraceMs: 60_000 })
      fixture.engine.onSubmit = () => {}
      const connection = new Connection(fixture, "/v1/responses", { input: "Hi", stream: true })
      await until("the stream has begun", () => connection.text.includes("response.in_progress"))
      const socket = new WebSocket(`${fixture.server.url.replace("http", "ws")}/v1/responses`)
      await once(socket, "open")
      socket.send(JSON.stringify({ type: "response.create", input: "Hi" }))
      await until("its turn is submitted", () => fixture.engine.responses.length > 1)
      const closed = once(socket, "close")
      before(fixture.server)
      await fixture.server.breakOff()
      expect(await connection.ended()).toBe("ECONNRESET")
      expect((await closed)[0]).toBe(1012)
    },
  )

  test("on a WebSocket because of a fault of ours is told by the code 1011", async () => {
    const { server, engine } = await serverFixture()
    engine.onSubmit = () => {}
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`)
    await once(socket, "open")
    socket.send(JSON.stringify({ type: "response.create", input: "Hi" }))
    const response = await submitted(engine)
    const closed = once(socket, "close")
    response.append({ type: "text.delta", outputIndex: 7, partIndex: 0, text: "lost" })
    expect((await closed)[0]).toBe(1011)
  })
})

describe("a chat stream that fails", () => {
  test("has the error as its last word, and breaks behind it: some clients pass over an error", async () => {
    const fixture = await serverFixture()
    fixture.engine.onSubmit = (response) => response.fail(failure)
    const connection = new Connection(fixture, "/v1/chat/completions", { messages, stream: true })
    expect(await connection.ended()).toBe("ECONNRESET")
    expect(connection.text).toContain(
      'data: {"error":{"message":"The model server said no.","type":"server_error"',
    )
    expect(connection.text).not.toMatch(/\[DONE\]|\r\n0\r\n\r\n$/)
  })

  test("of Responses ends in order, behind response.failed", async () => {
    const fixture = await serverFixture()
    fixture.engine.onSubmit = (response) => response.fail(failure)
    const connection = new Connection(fixture, "/v1/responses", { input: "Hi", stream: true })
    await until("the stream has ended", () => connection.text.endsWith("\r\n0\r\n\r\n"))
    expect(connection.text).toMatch(/event: response\.failed\ndata: .*\n\ndata: \[DONE\]\n\n/)
    expect(connection.ending).toBeNull()
  })
})
