import { describe, expect, test } from "vitest"
import { ProxyError } from "../../src/domain/errors.ts"
import type { FakeEngine, FakeResponse } from "./fake-engine.ts"
import { serverFixture, until } from "./http-fixture.ts"
import { SseClient } from "./sse-client.ts"

const chat = { stream: true, messages: [{ role: "user", content: "Hi" }] }
const responses = { stream: true, input: "Hi" }

async function submitted(engine: FakeEngine): Promise<FakeResponse> {
  await until("the turn is submitted", () => engine.responses.length > 0)
  const response = engine.responses[0]
  if (response === undefined) throw new Error("unreachable")
  return response
}

describe("a stream", () => {
  test("begins at once, before the agent says anything, with headers that keep proxies from holding it", async () => {
    const { server, engine } = await serverFixture()
    engine.onSubmit = () => {}
    const client = new SseClient(`${server.url}/v1/responses`, { ...responses, temperature: 0.5 })
    await client.sees("response.in_progress")
    expect(client.answer?.statusCode).toBe(200)
    expect(client.answer?.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": expect.stringContaining("no-cache"),
      "x-accel-buffering": "no",
      "x-request-id": expect.stringMatching(/^req_/),
      "x-advisory-parameters": "temperature",
    })
    expect(client.events().map((event) => event.type)).toEqual(["response.created", "response.in_progress"])
  })

  test("of a response numbers its events without a gap and ends with [DONE]", async () => {
    const { server } = await serverFixture()
    const client = new SseClient(`${server.url}/v1/responses`, responses)
    const text = await client.ended()
    const events = client.events()
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
    expect(events.at(-1)).toMatchObject({ type: "response.completed", response: { status: "completed" } })
    expect(events.find((event) => event.type === "response.content_part.done").part.text).toBe("Hello.")
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true)
    expect(text.match(/\[DONE\]/g)).toHaveLength(1)
  })

  test("of a chat completion brings the answer as deltas and ends with [DONE]", async () => {
    const { server, engine } = await serverFixture()
    const client = new SseClient(`${server.url}/v1/chat/completions`, chat)
    const text = await client.ended()
    const said = client.events().map((chunk) => chunk.choices[0]?.delta.content ?? "")
    expect(said.join("")).toBe("Hello.")
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true)
    expect(engine.responses[0]?.request.kind).toBe("chat")
  })

  test("shows each word as the agent says it", async () => {
    const { server, engine } = await serverFixture()
    engine.onSubmit = (response) => response.begin()
    const client = new SseClient(`${server.url}/v1/chat/completions`, chat)
    const response = await submitted(engine)
    for (const word of ["one", "two", "three"]) {
      response.say(word)
      await client.sees(word)
    }
    response.complete()
    await client.ended()
  })

  test("that cannot begin is a plain error with its status", async () => {
    const { server, engine } = await serverFixture()
    engine.refusal = new ProxyError("agent_not_ready", "Codex is not logged in. Run: codex login")
    const client = new SseClient(`${server.url}/v1/chat/completions`, chat)
    await client.ended()
    expect(client.answer?.statusCode).toBe(400)
    expect(client.answer?.headers["content-type"]).toBe("application/json")
    expect(JSON.parse(client.text)).toMatchObject({ error: { code: "agent_not_ready" } })
  })

  test("leaves its connection usable: many streams and answers go over one", async () => {
    const { server, entries } = await serverFixture()
    for (let round = 0; round < 15; round += 1) {
      const answer = await fetch(`${server.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...chat, stream: round % 2 === 0 }),
      })
      expect(await answer.text()).toContain("Hello.")
    }
    await until("all are logged", () => entries.length === 15)
    expect(entries.every((entry) => entry.status === 200 && !entry.isAborted && entry.error === null)).toBe(
      true,
    )
  })
})

describe("a client that leaves", () => {
  for (const stream of [true, false]) {
    const name = stream ? "a stream" : "a whole answer"

    test(`in the middle of ${name} has its turn cancelled`, async () => {
      const { server, engine, entries } = await serverFixture()
      engine.onSubmit = (response) => response.begin()
      const client = new SseClient(`${server.url}/v1/chat/completions`, { ...chat, stream })
      const response = await submitted(engine)
      if (stream) await client.sees("assistant")
      client.leave()
      await until("the turn is cancelled", () => response.cancelCount > 0)
      await until("it is logged", () => entries.length > 0)
      expect(entries[0]).toMatchObject({ isAborted: true, error: null })
    })

    test(`in the middle of ${name} with X-On-Disconnect: continue leaves its turn running`, async () => {
      const { server, engine, entries } = await serverFixture({ limits: { disconnectGraceMs: 0 } })
      engine.onSubmit = (response) => response.begin()
      const url = `${server.url}/v1/responses`
      const client = new SseClient(url, { ...responses, stream }, { "X-On-Disconnect": "continue" })
      const response = await submitted(engine)
      if (stream) await client.sees("content_part.added")
      client.leave()
      // A second client that does not say so shows when the first one's turn would have been cancelled.
      const other = new SseClient(url, { ...responses, stream })
      await until("the other turn is submitted", () => engine.responses.length === 2)
      if (stream) await other.sees("content_part.added")
      other.leave()
      await until("the other turn is cancelled", () => (engine.responses[1]?.cancelCount ?? 0) > 0)
      expect(response.cancelCount).toBe(0)
      response.say("Done.")
      response.complete()
      await until("both are logged", () => entries.length === 2)
      expect(await (await fetch(`${url}/${response.id}`)).json()).toMatchObject({ status: "completed" })
    })
  }

  test("is not missed when it left while its turn was being planned", async () => {
    const { server, engine } = await serverFixture()
    let release = (): void => {}
    const planned = new Promise<void>((resolve) => {
      release = resolve
    })
    const submit = engine.submit.bind(engine)
    let isPlanning = false
    engine.submit = async (principal, request) => {
      isPlanning = true
      await planned
      return submit(principal, request)
    }
    engine.onSubmit = () => {}
    const client = new SseClient(`${server.url}/v1/chat/completions`, chat)
    await until("planning has begun", () => isPlanning)
    client.leave()
    // The server has seen the end of the connection when it has answered on a later one.
    await (await fetch(`${server.url}/health`)).text()
    release()
    const response = await submitted(engine)
    await until("the turn is cancelled", () => response.cancelCount > 0)
  })
})
