import { once } from "node:events"
import OpenAI from "openai"
import { describe, expect, test } from "vitest"
import { WebSocket } from "ws"
import { ProxyError } from "../../src/domain/errors.ts"
import type { Item } from "../../src/domain/items.ts"
import type { FakeEngine, FakeResponse } from "./fake-engine.ts"
import { type ServerFixture, serverFixture, until } from "./http-fixture.ts"
import { SseClient } from "./sse-client.ts"

const messages = [{ role: "user", content: "Hi" }]
const limits = { keepAliveMs: 15 }

const command: Item = {
  type: "command",
  id: "mcp_1",
  command: "make",
  cwd: null,
  output: "",
  exitCode: 0,
  status: "completed",
}

async function submitted(engine: FakeEngine): Promise<FakeResponse> {
  await until("the turn is submitted", () => engine.responses.length > 0)
  const response = engine.responses[0]
  if (response === undefined) throw new Error("unreachable")
  return response
}

/** Asks, and waits for white space to come. */
async function waiting(path: string, body: object, more: Parameters<typeof serverFixture>[0] = {}) {
  const fixture = await serverFixture({ limits, ...more })
  fixture.engine.onSubmit = () => {}
  const client = new SseClient(`${fixture.server.url}${path}`, body)
  const response = await submitted(fixture.engine)
  await until("white space came, more than once", () => client.text.length >= 3)
  expect(client.text).toMatch(/^ +$/)
  return { ...fixture, client, response }
}

/** What has to be in the head of a body that nothing in between may hold back or change. */
const head = {
  "content-type": "application/json",
  "cache-control": "no-transform",
  "x-accel-buffering": "no",
  "x-request-id": expect.stringMatching(/^req_/),
}

const ways = [
  ["chat", "/v1/chat/completions", { messages, temperature: 0.5 }],
  ["Responses", "/v1/responses", { input: "Hi", temperature: 0.5 }],
  ["compaction", "/v1/responses/compact", { model: "manager", input: "Hi" }],
] as const

describe("a whole answer that takes long", () => {
  test.each(ways)(
    "of %s begins with its head and white space, and is valid JSON",
    async (name, path, body) => {
      const { client, response, entries } = await waiting(path, body)
      expect(client.answer?.statusCode).toBe(200)
      expect(client.answer?.headers).toMatchObject(head)
      if (name !== "compaction") {
        expect(client.answer?.headers["x-advisory-parameters"]).toBe("temperature")
      }
      response.answer("At last.")
      const answer = JSON.parse(await client.ended())
      // A summary is only for the service to read.
      expect(JSON.stringify(answer)).toContain(name === "compaction" ? '"type":"compaction"' : "At last.")
      await until("it is logged", () => entries.length > 0)
      expect(entries[0]).toMatchObject({ status: 200, isAborted: false, error: null })
    },
  )

  test("that fails is told in the body: of Responses as a failed response, of chat as an error alone", async () => {
    const failure = { code: "model_error", message: "The model server said no.", modelStatus: 500 }
    const inResponses = await waiting("/v1/responses", { input: "Hi" })
    inResponses.response.fail(failure)
    expect(JSON.parse(await inResponses.client.ended())).toMatchObject({
      object: "response",
      status: "failed",
      error: { code: "model_error", message: failure.message },
    })
    await until("it is logged", () => inResponses.entries.length > 0)
    expect(inResponses.entries[0]).toMatchObject({ status: 200, error: { code: "model_error" } })

    const inChat = await waiting("/v1/chat/completions", { messages })
    inChat.response.record = { ...inChat.response.record, output: [command] }
    inChat.response.fail(failure)
    expect(JSON.parse(await inChat.client.ended())).toEqual({
      error: {
        message: `${failure.message} (model_error, after the agent had acted)`,
        type: "invalid_request_error",
        param: null,
        code: "model_error",
      },
    })

    const compaction = await waiting("/v1/responses/compact", { model: "manager", input: "Hi" })
    compaction.response.fail(failure)
    expect(JSON.parse(await compaction.client.ended())).toMatchObject({
      error: { code: "model_error", type: "invalid_request_error" },
    })
  })

  test("begins also while it is planned, and is told what is refused then, as the API tells a failure", async () => {
    const { server, refuse } = await planning()
    const asked = clientOf(server).responses.create({ model: "manager", input: "Hi" })
    await asked.asResponse()
    const chat = new SseClient(`${server.url}/v1/chat/completions`, { messages })
    await until("white space came", () => chat.text.length >= 2)
    refuse(new ProxyError("queue_full", "Too many turns wait."))
    expect(await asked).toMatchObject({
      id: expect.stringMatching(/^resp_/),
      status: "failed",
      error: { code: "queue_full", message: "Too many turns wait." },
      output: [],
      model: "manager",
      store: false,
    })
    expect(JSON.parse(await chat.ended())).toMatchObject({
      error: { code: "queue_full", type: "invalid_request_error" },
    })
  })

  test("may be as long as it likes", async () => {
    const { client, response } = await waiting("/v1/responses", { input: "Hi" })
    response.answer("x".repeat(300_000))
    const answer = JSON.parse(await client.ended())
    expect(answer.output[0].content[0].text).toHaveLength(300_000)
  })

  test("has its turn cancelled when the client leaves", async () => {
    const { client, response, entries } = await waiting("/v1/chat/completions", { messages })
    client.leave()
    await until("the turn is cancelled", () => response.cancelCount > 0)
    await until("it is logged", () => entries.length > 0)
    expect(entries[0]).toMatchObject({ isAborted: true })
  })

  test("that is there in time is as it always was", async () => {
    const { server, engine } = await serverFixture()
    const ask = (path: string, body: object) =>
      fetch(`${server.url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      })
    const answer = await ask("/v1/chat/completions", { messages })
    expect(answer.headers.has("x-accel-buffering")).toBe(false)
    expect(await answer.text()).toMatch(/^\{/)
    engine.onSubmit = (response) => {
      response.record = { ...response.record, output: [command] }
      response.fail({ code: "model_error", message: "No.", modelStatus: 500 })
    }
    for (const [, path, body] of ways) {
      const failed = await ask(path, body)
      expect([path, failed.status, failed.headers.get("x-should-retry")]).toEqual([path, 400, "false"])
    }
  })

  test("also of a cancellation or a deletion that waits for the turn to end", async () => {
    const { server, engine } = await serverFixture({ limits })
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = engine.cancel.bind(engine)
    engine.onSubmit = () => {}
    const background = await fetch(`${server.url}/v1/responses`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ input: "Hi", background: true }),
    })
    const { id } = (await background.json()) as { id: string }
    engine.cancel = async (...args) => {
      await promise
      return cancel(...args)
    }
    const client = new SseClient(`${server.url}/v1/responses/${id}/cancel`, {})
    await until("white space came", () => client.text.length >= 2)
    resolve()
    expect(JSON.parse(await client.ended())).toMatchObject({ id, object: "response" })
  })
})

/** Turns that are planned until they are let go on, or refused. */
async function planning() {
  const fixture = await serverFixture({ limits })
  const { engine } = fixture
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const submit = engine.submit.bind(engine)
  engine.submit = async (...args) => {
    await promise
    return submit(...args)
  }
  return { ...fixture, goOn: resolve, refuse: reject }
}

function clientOf({ url }: ServerFixture["server"]): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 })
}

describe("a stream whose turn takes long to plan", () => {
  test.each(ways.slice(0, 2))(
    "has its head in %s, then blank lines, and goes on as ever",
    async (_, path, body) => {
      const { server, goOn } = await planning()
      const client = new SseClient(`${server.url}${path}`, { stream: true, ...body })
      await until("two blank lines came", () => client.text === "\n\n")
      expect(client.answer?.headers).toMatchObject({
        "content-type": "text/event-stream; charset=utf-8",
        "x-accel-buffering": "no",
        "x-request-id": expect.stringMatching(/^req_/),
        "x-advisory-parameters": "temperature",
      })
      goOn()
      expect(await client.ended()).toMatch(/^\n+[^:].*Hello\..*\[DONE\]\n\n$/s)
    },
  )

  test("is told in Responses what is refused then, by a failed response", async () => {
    const { server, refuse, entries } = await planning()
    const stream = clientOf(server).responses.stream({ model: "manager", input: "Hi" })
    const types: string[] = []
    stream.on("event", ({ type }) => types.push(type))
    const isConnected = stream.emitted("connect")
    const client = new SseClient(`${server.url}/v1/responses`, { stream: true, input: "Hi" })
    await until("a blank line came", () => client.text !== "")
    await isConnected
    refuse(new ProxyError("invalid_request", "The file cannot be fetched.", { param: "input[0]" }))
    await expect(stream.finalResponse()).rejects.toThrow("The file cannot be fetched.")
    expect(types[0]).toBe("response.created")
    const text = await client.ended()
    expect(text).toMatch(/\[DONE\]\n\n$/)
    expect(client.events()).toMatchObject([
      { type: "response.created", sequence_number: 0 },
      { type: "error", code: "invalid_request", sequence_number: 1 },
      // No code that codex asks again behind.
      {
        type: "response.failed",
        response: {
          status: "failed",
          error: { code: "invalid_prompt", message: "The file cannot be fetched. (invalid_request)" },
        },
      },
    ])
    await until("both are logged", () => entries.length === 2)
    expect(entries[0]).toMatchObject({ status: 200, error: { code: "invalid_request" } })
  })

  test("is told in chat what is refused then, by an error behind which the connection breaks", async () => {
    const { server, refuse } = await planning()
    const client = new SseClient(`${server.url}/v1/chat/completions`, { stream: true, messages })
    await until("a blank line came", () => client.text !== "")
    refuse(new ProxyError("invalid_request", "The file cannot be fetched."))
    await until("the error came", () => client.text.includes('"error"'))
    expect(client.events().at(-1)).toMatchObject({
      error: { code: "invalid_request", type: "invalid_request_error" },
    })
    expect(client.text).not.toContain("[DONE]")
  })
})

const idle = (fixture: ServerFixture) => {
  fixture.engine.onSubmit = () => {}
  return fixture
}

describe("a stream whose agent is silent", () => {
  test("has chunks with an empty delta in chat, and none behind the end", async () => {
    const { server, engine } = idle(await serverFixture({ limits }))
    const client = new SseClient(`${server.url}/v1/chat/completions`, {
      stream: true,
      stream_options: { include_usage: true },
      messages,
    })
    const response = await submitted(engine)
    const empty = () => client.events().filter(({ choices }) => JSON.stringify(choices[0]?.delta) === "{}")
    await until("three empty chunks came", () => empty().length >= 3)
    expect(client.events()[0].choices[0].delta).toEqual({ role: "assistant", content: "" })
    expect(empty()[0]).toEqual({
      ...client.events()[0],
      choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: null }],
    })
    response.answer("At last.")
    await until("the stream has ended", () => client.isEnded)
    expect(client.text).not.toMatch(/^:/m)
    expect(client.text).toMatch(/"finish_reason":"stop".*\n\ndata: .*"usage":\{.*\n\ndata: \[DONE\]\n\n$/)
  })

  test("has keepalive events in Responses, with the number of the event before", async () => {
    const { server, engine } = idle(await serverFixture({ limits }))
    const client = new SseClient(`${server.url}/v1/responses`, { stream: true, input: "Hi" })
    const response = await submitted(engine)
    const signs = () => client.events().filter(({ type }) => type === "keepalive")
    await until("three signs came", () => signs().length >= 3)
    expect(signs().map((event) => event.sequence_number)).toEqual(signs().map(() => 1))
    expect(client.text).toContain('event: keepalive\ndata: {"type":"keepalive","sequence_number":1}\n\n')
    response.begin()
    await until("the next number came", () => signs().at(-1)?.sequence_number === 3)
    response.say("At last.")
    response.complete()
    const text = await client.ended()
    expect(text).not.toMatch(/^:/m)
    const numbers = client.events().filter(({ type }) => type !== "keepalive")
    expect(numbers.map((event) => event.sequence_number)).toEqual(numbers.map((_, index) => index))
  })

  test("has them when it is taken up again, with the number that its reader has", async () => {
    const { server, engine } = idle(await serverFixture({ limits }))
    const first = new SseClient(`${server.url}/v1/responses`, { stream: true, input: "Hi", background: true })
    const { id } = await submitted(engine)
    await first.sees("in_progress")
    const answer = await fetch(`${server.url}/v1/responses/${id}?stream=true&starting_after=1`)
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    const { value } = (await reader?.read()) ?? {}
    expect(value).toBe('event: keepalive\ndata: {"type":"keepalive","sequence_number":1}\n\n')
    await reader?.cancel()
  })

  test("has them on a WebSocket", async () => {
    const { server, engine } = idle(await serverFixture({ limits }))
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`)
    const events: { readonly type: string; readonly sequence_number: number }[] = []
    socket.on("message", (data) => events.push(JSON.parse(String(data))))
    await once(socket, "open")
    socket.send(JSON.stringify({ type: "response.create", input: "Hi" }))
    const response = await submitted(engine)
    const signs = () => events.filter(({ type }) => type === "keepalive")
    await until("three signs came", () => signs().length >= 3)
    expect(signs()[0]).toEqual({ type: "keepalive", sequence_number: 1 })
    response.answer("At last.")
    await until("the answer is whole", () => events.some(({ type }) => type === "response.completed"))
    const count = signs().length
    const pinged = once(socket, "ping")
    await pinged
    expect(signs()).toHaveLength(count)
    socket.close()
  })
})
