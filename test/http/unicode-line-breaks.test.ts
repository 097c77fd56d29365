import { once } from "node:events"
import { describe, expect, onTestFinished, test } from "vitest"
import { WebSocket } from "ws"
import { serverFixture } from "./http-fixture.ts"
import { SseClient } from "./sse-client.ts"

const said = "one\u2028two\u2029three\u0085four"
// Above this length an event is written in pieces.
const longSaid = `${said}${"x".repeat(40_000)}${said}`
const unicodeBreak = /[\u0085\u2028\u2029]/
/** As Python's `str.splitlines` cuts; the three separators of ASCII that it knows besides are always escaped by JSON. */
const anyBreak = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/

describe.each([
  ["short", said],
  ["long", longSaid],
])("line breaks of Unicode in a %s answer", (_, text) => {
  test.each([
    ["/v1/chat/completions", { stream: true, messages: [{ role: "user", content: "Hi" }] }],
    ["/v1/responses", { stream: true, input: "Hi" }],
  ])("do not cut the lines of a stream of %s, and are there when it is read", async (path, body) => {
    const { server, engine } = await serverFixture()
    engine.onSubmit = (response) => response.answer(text)
    const client = new SseClient(`${server.url}${path}`, body)
    const stream = await client.ended()
    expect(stream).not.toMatch(unicodeBreak)
    const events = stream
      .split(anyBreak)
      .filter((line) => line.startsWith("data: {"))
      .map((line) => JSON.parse(line.slice(6)))
    const deltas = events.map((event) =>
      event.object === "chat.completion.chunk"
        ? (event.choices[0]?.delta.content ?? "")
        : event.type === "response.output_text.delta"
          ? event.delta
          : "",
    )
    expect(deltas.join("")).toBe(text)
    if (path === "/v1/responses") expect(events.at(-1).response.output[0].content[0].text).toBe(text)
  })

  test("are escaped in the messages of a WebSocket, and the same when they are read", async () => {
    const { server, engine } = await serverFixture()
    engine.onSubmit = (response) => response.answer(text)
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`)
    onTestFinished(() => socket.terminate())
    await once(socket, "open")
    const messages: string[] = []
    const ended = new Promise<void>((resolve) => {
      socket.on("message", (data) => {
        messages.push(String(data))
        if (String(data).includes('"response.completed"')) resolve()
      })
    })
    socket.send(JSON.stringify({ type: "response.create", input: "Hi" }))
    await ended
    expect(messages.join("")).not.toMatch(unicodeBreak)
    expect(JSON.parse(messages.at(-1) ?? "").response.output[0].content[0].text).toBe(text)
  })
})
