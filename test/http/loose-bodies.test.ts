import { once } from "node:events"
import { describe, expect, test } from "vitest"
import { WebSocket } from "ws"
import { textOf } from "../../src/domain/items.ts"
import type { FakeEngine } from "./fake-engine.ts"
import { jsonOf, type ServerFixture, serverFixture, until } from "./http-fixture.ts"

function ask({ server }: ServerFixture, path: string, body: object): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  })
}

/** What the engine was asked last, as roles with texts. */
function askedIn(engine: FakeEngine): string[] {
  const input = engine.responses.at(-1)?.request.input ?? []
  return input.flatMap((item) => (item.type === "message" ? [`${item.role}: ${textOf(item.content)}`] : []))
}

const forms: readonly [string, string, object, readonly string[]][] = [
  ["an input that is an object", "/v1/responses", { input: { text: "Hi" } }, ["user: Hi"]],
  [
    "an input of texts",
    "/v1/responses",
    { input: ["Hi", { type: "text", text: "you" }] },
    ["user: Hi\n\nyou"],
  ],
  [
    "an unknown role",
    "/v1/responses",
    { input: [{ role: "boss", content: { text: "Hi" } }] },
    ["user: boss: Hi"],
  ],
  [
    "a content that is an object",
    "/v1/chat/completions",
    { messages: [{ role: "user", content: { text: "Hi" } }] },
    ["user: Hi"],
  ],
  [
    "a text in place of a message",
    "/v1/chat/completions",
    { messages: [{ type: "text", text: "Hi" }] },
    ["user: Hi"],
  ],
  [
    "an unknown role",
    "/v1/chat/completions",
    { messages: [{ role: "boss", content: "Hi" }] },
    ["user: boss: Hi"],
  ],
]

describe.each(forms)("%s of %s", (_name, path, body, expected) => {
  test.each([false, true])("is read as what it plainly means (stream: %s)", async (stream) => {
    const fixture = await serverFixture()
    const answer = await ask(fixture, path, { ...body, stream })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain("Hello.")
    expect(askedIn(fixture.engine)).toEqual(expected)
  })

  test.each([false, true])("is refused by its name where bodies are strict (stream: %s)", async (stream) => {
    const fixture = await serverFixture({ config: { looseBodies: false } })
    const answer = await ask(fixture, path, { ...body, stream })
    expect(answer.status).toBe(400)
    expect((await jsonOf(answer)).error.param).toMatch(/^(input|messages)/)
    expect(fixture.engine.responses).toHaveLength(0)
  })
})

test("metadata that is more than texts is kept, and told in the answer, as JSON text", async () => {
  const fixture = await serverFixture()
  const metadata = { user: "ann", thread: { id: 5 } }
  for (const [path, said] of [
    ["/v1/responses", { input: "Hi" }],
    ["/v1/chat/completions", { messages: [{ role: "user", content: "Hi" }] }],
  ] as const) {
    const answer = await jsonOf(await ask(fixture, path, { ...said, metadata }))
    expect(answer.metadata).toEqual({ user: "ann", thread: '{"id":5}' })
  }
  const strict = await serverFixture({ config: { looseBodies: false } })
  const refused = await jsonOf(await ask(strict, "/v1/responses", { input: "Hi", metadata }))
  expect(refused.error.param).toBe("metadata.thread")
})

test("tokens are counted of looser bodies, and they are compacted", async () => {
  const fixture = await serverFixture()
  const count = async (input: unknown): Promise<unknown> =>
    (await jsonOf(await ask(fixture, "/v1/responses/input_tokens", { input }))).input_tokens
  expect(await count(["Hi", "you"])).toBe(await count("Hi\n\nyou"))
  const answer = await ask(fixture, "/v1/responses/compact", {
    model: "manager",
    input: [{ role: "boss", content: { text: "Hi" } }, "you"],
  })
  expect(answer.status).toBe(200)
  expect(askedIn(fixture.engine).slice(0, 2)).toEqual(["user: boss: Hi", "user: you"])
  const strict = await serverFixture({ config: { looseBodies: false } })
  for (const path of ["/v1/responses/input_tokens", "/v1/responses/compact"]) {
    const refused = await ask(strict, path, { model: "manager", input: { text: "Hi" } })
    expect([refused.status, (await jsonOf(refused)).error.param]).toEqual([400, "input"])
  }
})

test.each([true, false])("a WebSocket reads them as a POST does (loose: %s)", async (looseBodies) => {
  const { server, engine } = await serverFixture({ config: { looseBodies } })
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`)
  const events: { type: string; param?: string }[] = []
  socket.on("message", (data) => events.push(JSON.parse(String(data))))
  await once(socket, "open")
  socket.send(JSON.stringify({ type: "response.create", input: [{ role: "boss", content: { text: "Hi" } }] }))
  await until("the end", () => events.some(({ type }) => /^(error|response\.completed)$/.test(type)))
  socket.close()
  if (looseBodies) expect(askedIn(engine)).toEqual(["user: boss: Hi"])
  else expect(events.at(-1)).toMatchObject({ type: "error", param: "input[0].role" })
})
