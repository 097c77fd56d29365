import { once } from "node:events"
import { connect } from "node:net"
import { Agent, OpenAIResponsesWSModel, run, setTracingDisabled, tool } from "@openai/agents"
import OpenAI from "openai"
import type { Response, ResponsesServerEvent } from "openai/resources/responses/responses"
import { ResponsesWS } from "openai/resources/responses/ws"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { cityShape } from "../clients/scenarios.ts"
import { socketFaults } from "../clients/socket-faults.ts"
import { descendantsOf } from "../support/processes.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

// It would send what the tests do to OpenAI.
setTracingDisabled(true)

type Event = Record<string, unknown> & { readonly type: string }

/** One socket, and what came on it. */
class Peer {
  readonly socket: WebSocket
  readonly events: Event[] = []
  readonly closed: Promise<number>

  constructor(url: string, headers: Record<string, string> = {}) {
    this.socket = new WebSocket(`${url.replace("http", "ws")}/v1/responses`, { headers })
    this.socket.on("message", (data) => this.events.push(JSON.parse(String(data))))
    this.socket.on("error", () => {})
    this.closed = new Promise((resolve) => this.socket.once("close", resolve))
  }

  async open(): Promise<this> {
    await once(this.socket, "open")
    return this
  }

  send(message: object): void {
    this.socket.send(JSON.stringify({ type: "response.create", model: "manager", ...message }))
  }

  /** All events of the next turn, from here to its end. */
  async turn(message: object): Promise<Event[]> {
    const from = this.events.length
    this.send(message)
    await waitFor(() => this.events.slice(from).some(isEnd), { what: "the turn to end" })
    return this.events.slice(from)
  }

  async answer(message: object): Promise<Response> {
    const last = (await this.turn(message)).at(-1)
    return responseOf(last)
  }
}

function isEnd({ type }: Event): boolean {
  return ["response.completed", "response.failed", "response.incomplete", "error"].includes(type)
}

function isTerminal(event: Event): boolean {
  return isEnd(event) && event.type !== "error"
}

function responseOf(event: Event | undefined): Response {
  if (event === undefined || !("response" in event)) throw new Error(`no response: ${JSON.stringify(event)}`)
  return event.response as Response
}

function textOf({ output }: Response): string {
  return output
    .flatMap((item) => (item.type === "message" ? item.content : []))
    .map((part) => (part.type === "output_text" ? part.text : ""))
    .join("")
}

/** Status and body of a handshake that is refused. */
async function refusal(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: unknown }> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/responses`, { headers })
  const [, incoming] = await once(socket, "unexpected-response")
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return { status: incoming.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) }
}

const weather = {
  type: "function",
  name: "get_weather",
  description: "Weather",
  parameters: cityShape.toJSONSchema(),
  strict: false,
}

describe("a WebSocket at /v1/responses", () => {
  let service: TestService
  let peers: Peer[] = []

  beforeAll(async () => {
    service = await startTestService({ limits: { bodyBytes: 200_000, jsonDepth: 50 } })
  })
  afterAll(() => service.stop())
  beforeEach(() => service.model.clearRequests())
  afterEach(() => {
    for (const peer of peers) peer.socket.terminate()
    const faults = peers.flatMap(({ events }) => socketFaults(events))
    peers = []
    expect(faults).toEqual([])
  })

  async function open(headers: Record<string, string> = {}): Promise<Peer> {
    const peer = new Peer(service.url, headers)
    peers.push(peer)
    return peer.open()
  }

  it("sends the events of the SSE stream, under the same numbers", async () => {
    const peer = await open()
    const events = await peer.turn({ input: "[[reason:hm]][[say:hello]]" })
    const { id } = responseOf(events.at(-1))
    const replayed: Event[] = []
    for await (const event of await service.client.responses.retrieve(id, { stream: true })) {
      replayed.push(event as unknown as Event)
    }
    expect(events).toEqual(replayed)
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index))
    expect(textOf(responseOf(events.at(-1)))).toBe("hello")
  })

  it("can go on again behind an answer whose continuation has failed or was refused, stored or not", async () => {
    const peer = await open()
    for (const store of [false, true]) {
      const first = await peer.answer({ input: `[[say:parent ${store}]]`, store })
      const next = { previous_response_id: first.id, store }
      const failed = await peer.answer({ ...next, input: "[[status:400]]" })
      expect(failed.status).toBe("failed")
      const refused = await peer.turn({ ...next, input: [{ type: "nonsense" }] })
      expect(refused.map(({ type }) => type)).toEqual(["error"])
      const again = await peer.answer({ ...next, input: "[[history]]" })
      expect(JSON.parse(textOf(again)).map(({ text }: { text: string }) => text)).toContain(`parent ${store}`)
    }
  })

  it("runs one turn after the other, on the thread that previous_response_id names", async () => {
    const peer = await open()
    peer.send({ input: "[[slow:3]]" })
    peer.send({ input: "[[say:second]]" })
    await waitFor(() => peer.events.filter(isEnd).length === 2, { what: "both turns to end" })
    const ends = peer.events.filter(isEnd)
    expect(ends.map((event) => textOf(responseOf(event)))).toEqual(["1 2 3", "second"])
    expect(peer.events.findIndex(isEnd)).toBeLessThan(
      peer.events.findLastIndex((event) => event.type === "response.created"),
    )
    const third = await peer.answer({
      input: "[[say:third]]",
      previous_response_id: responseOf(ends[0]).id,
    })
    expect(third.previous_response_id).toBe(responseOf(ends[0]).id)
    const threads = service.model.requests.map((request) => request.headers["thread-id"])
    expect(threads[2]).toBe(threads[0])
    expect(threads[1]).not.toBe(threads[0])
  })

  it("continues answers that are stored nowhere, on this socket only", async () => {
    const peer = await open()
    const first = await peer.answer({ input: "[[say:one]] first", store: false })
    const second = await peer.answer({
      input: [{ role: "user", content: "[[say:two]] second" }],
      store: false,
      previous_response_id: first.id,
    })
    expect(second).toMatchObject({ previous_response_id: first.id, store: false })
    const third = await peer.answer({ input: "[[history]]", store: false, previous_response_id: second.id })
    const said: { text: string }[] = JSON.parse(textOf(third))
    for (const text of ["first", "one", "second", "two"]) {
      expect(said.filter((message) => message.text.split(/\W+/).includes(text)).length, text).toBeGreaterThan(
        0,
      )
    }
    expect(said.filter((message) => message.text.includes("] first"))).toHaveLength(1)
    await expect(service.client.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 })
    const other = await open()
    const [error] = await other.turn({ input: "hi", store: false, previous_response_id: first.id })
    expect(error).toMatchObject({
      type: "error",
      status: 400,
      error: { code: "previous_response_not_found", param: "previous_response_id" },
    })
  })

  it("takes the output of a function into the same native turn, with nothing stored", async () => {
    const peer = await open()
    const first = await peer.answer({
      input: '[[tool:get_weather:{"city":"Oslo"}]][[say:done]]',
      tools: [weather],
      store: false,
    })
    const call = first.output.find((item) => item.type === "function_call")
    const second = await peer.answer({
      input: [{ type: "function_call_output", call_id: call?.call_id, output: "21" }],
      tools: [weather],
      store: false,
      previous_response_id: first.id,
    })
    expect(textOf(second)).toBe("done")
    expect(new Set(service.model.requests.map((request) => request.headers["thread-id"])).size).toBe(1)
    expect(service.model.requests).toHaveLength(2)
  })

  it.each([
    { what: "no JSON", text: "{", code: "invalid_json", status: 400, param: null },
    {
      what: "too deep",
      text: `{"a":${"[".repeat(60)}${"]".repeat(60)}}`,
      code: "invalid_json",
      status: 400,
      param: null,
    },
    {
      what: "an unknown type",
      text: '{"type":"response.inject"}',
      code: "invalid_request",
      status: 400,
      param: "type",
    },
    {
      what: "background",
      text: '{"type":"response.create","input":"x","background":true}',
      code: "invalid_request",
      status: 400,
      param: "background",
    },
    {
      what: "no streaming",
      text: '{"type":"response.create","input":"x","stream":false}',
      code: "invalid_request",
      status: 400,
      param: "stream",
    },
    {
      what: "a warm-up",
      text: '{"type":"response.create","input":"x","generate":false}',
      code: "invalid_request",
      status: 400,
      param: "generate",
    },
    {
      what: "lanes",
      text: '{"type":"response.create","input":"x","stream_id":"a"}',
      code: "invalid_request",
      status: 400,
      param: "stream_id",
    },
    {
      what: "a warm-up of the cache",
      text: '{"type":"response.create","input":"x","prompt_cache_options":{"prewarm":true}}',
      code: "invalid_request",
      status: 400,
      param: "prompt_cache_options.prewarm",
    },
    {
      what: "several agents",
      text: '{"type":"response.create","input":"x","multi_agent":{"enabled":true}}',
      code: "invalid_request",
      status: 400,
      param: "multi_agent",
    },
    {
      what: "a wrong field",
      text: '{"type":"response.create","input":[{"type":"x"}]}',
      code: "invalid_request",
      status: 400,
      param: "input[0].type",
    },
  ])("answers $what with an error event, and goes on", async ({ text, code, status, param }) => {
    const peer = await open()
    peer.socket.send(text)
    await waitFor(() => peer.events.length === 1, { what: "the error" })
    expect(peer.events[0]).toMatchObject({ type: "error", status, error: { code, param }, code, param })
    expect(textOf(await peer.answer({ input: "[[say:on]]" }))).toBe("on")
  })

  it("tells a refusal of a lane to that lane, and nothing that is no name of one", async () => {
    const peer = await open()
    for (const name of ["tests-1.a", "", "a b", 7]) {
      const text = JSON.stringify({ type: "response.create", input: "x", stream_id: name })
      peer.events.length = 0
      peer.socket.send(text)
      await waitFor(() => peer.events.length === 1, { what: "the error" })
      expect(peer.events[0]).toMatchObject({ type: "error", param: "stream_id" })
      expect(peer.events[0]?.stream_id).toBe(name === "tests-1.a" ? name : undefined)
    }
  })

  it("answers what is for a lane or for the running turn while that runs, and what may wait in its order", async () => {
    const peer = await open()
    peer.send({ input: "[[slow:40:100]]", store: false })
    await waitFor(() => peer.events.some(({ type }) => type === "response.output_text.delta"), {
      what: "the turn to run",
    })
    for (let count = 0; count < 16; count += 1) peer.socket.send("{")
    peer.send({ input: "x", stream_id: "side" })
    const steer = { previous_response_id: String(responseOf(peer.events[0]).id), input: "Not so." }
    peer.socket.send(JSON.stringify({ type: "response.steer", ...steer }))
    await waitFor(() => peer.events.some(({ type }) => type === "response.steer.failed"), {
      what: "the answer to the steer",
    })
    expect(peer.events.some(isTerminal)).toBe(false)
    expect(peer.events.filter(({ type }) => type === "error")).toMatchObject([
      { status: 400, stream_id: "side", error: { param: "stream_id" } },
    ])
    expect(peer.events.find(({ type }) => type === "response.steer.failed")).toMatchObject({
      error: { type: "invalid_request_error", code: "steering_not_supported" },
      steer,
    })
    await waitFor(() => peer.events.filter(({ type }) => type === "error").length === 17, {
      what: "the turn and all behind it",
      timeoutMs: 15_000,
    })
    expect(peer.events.findIndex(isTerminal)).toBe(peer.events.length - 17)
  })

  it("names the place of a fault as the client sent it, whatever was before", async () => {
    const peer = await open()
    const first = await peer.answer({ input: "[[say:one]]", store: false })
    const [error] = await peer.turn({
      input: [{ role: "user", content: "x" }, { type: "nonsense" }],
      store: false,
      previous_response_id: first.id,
    })
    expect(error).toMatchObject({ error: { param: "input[1].type" } })
  })

  it("tells a failed turn by one event, so that the next turn begins with its own", async () => {
    const peer = await open()
    const failed = await peer.turn({ input: "[[status:400]]" })
    expect(failed.filter(isEnd).map((event) => event.type)).toEqual(["response.failed"])
    const next = await peer.turn({ input: "[[say:on]]" })
    expect(next[0]).toMatchObject({ type: "response.created", sequence_number: 0 })
  })

  it("refuses more messages than may wait, and runs the others", async () => {
    const peer = await open()
    for (let count = 0; count < 18; count += 1) peer.send({ input: "[[slow:2]]", store: false })
    await waitFor(() => peer.events.filter(isEnd).length === 18, { what: "all to be answered" })
    const errors = peer.events.filter((event) => event.type === "error")
    expect(errors).toMatchObject([{ status: 429, error: { code: "queue_full" } }])
  })

  it("closes with 1009 on a message above the limit of a body", async () => {
    const peer = await open()
    peer.send({ input: "x".repeat(200_001) })
    expect(await peer.closed).toBe(1009)
  })

  it("has the turn of a client that leaves interrupted, and its command ended", async () => {
    const sleepers = () =>
      descendantsOf(process.pid).filter((entry) => entry.commandLine === "sleep 64").length
    const peer = await open()
    peer.send({ input: "[[shell:sleep 64]]" })
    await waitFor(() => sleepers() === 1, { what: "the command to run" })
    peer.socket.terminate()
    await waitFor(() => sleepers() === 0, { what: "the command to end" })
  })

  it("delivers all of a long answer to a reader that stalls", async () => {
    const peer = await open()
    peer.send({ input: "[[deltas:20000]]" })
    await waitFor(() => peer.events.length > 5, { what: "the first events" })
    peer.socket.pause()
    const { id } = responseOf(peer.events[0])
    await waitFor(async () => (await service.client.responses.retrieve(id)).status === "completed", {
      what: "the turn to end without its reader",
    })
    expect(peer.events.some(isEnd)).toBe(false)
    peer.socket.resume()
    await waitFor(() => peer.events.some(isEnd), { what: "the end" })
    expect(peer.events.map((event) => event.sequence_number)).toEqual(peer.events.map((_, index) => index))
    const deltas = peer.events.filter((event) => event.type === "response.output_text.delta")
    expect(deltas.map((event) => event.delta).join("")).toBe(textOf(responseOf(peer.events.at(-1))))
  })

  it("refuses headers that cannot be served and pages of other origins as HTTP", async () => {
    expect(await refusal(service.url, { origin: "http://evil.example" })).toMatchObject({
      status: 403,
      body: { error: { code: "forbidden_origin" } },
    })
    expect(await refusal(service.url, { host: "evil.example" })).toMatchObject({ status: 403 })
    expect(await refusal(service.url, { "idempotency-key": "a" })).toMatchObject({
      status: 400,
      body: { error: { param: "idempotency-key" } },
    })
  })

  it("leaves requests that ask for another protocol to HTTP", async () => {
    const { port } = new URL(service.url)
    const socket = connect(Number(port), "127.0.0.1")
    socket.write(
      `GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n\r\n`,
    )
    const [data] = await once(socket, "data")
    socket.destroy()
    expect(String(data)).toMatch(/^HTTP\/1.1 200 /)
  })

  it("serves the official client's WebSocket class", async () => {
    const ws = new ResponsesWS(service.client)
    const types: string[] = []
    let last: ResponsesServerEvent | undefined
    ws.on("error", () => {})
    ws.send({ type: "response.create", model: "manager", input: "[[say:official]]" })
    for await (const record of ws.stream()) {
      if (record.type !== "message") continue
      last = record.message
      types.push(last.type)
      if (last.type === "response.completed") break
    }
    ws.close()
    expect(types.slice(0, 2)).toEqual(["response.created", "response.in_progress"])
    expect(last?.type === "response.completed" ? textOf(last.response) : null).toBe("official")
  })

  it("serves the agents library: functions, whole and streamed, and a turn after a failed one", async () => {
    const model = new OpenAIResponsesWSModel(
      new OpenAI({ baseURL: `${service.url}/v1`, apiKey: "none", maxRetries: 0 }),
      "manager",
    )
    const asked: string[] = []
    const tools = [
      tool({
        name: "get_weather",
        description: "Weather",
        parameters: cityShape,
        execute: ({ city }) => {
          asked.push(city)
          return "21"
        },
      }),
    ]
    const prompt = '[[tool:get_weather:{"city":"Oslo"}]][[say:done]]'
    for (const store of [true, false]) {
      const agent = new Agent({ name: "Traveller", model, tools, modelSettings: { store } })
      expect((await run(agent, prompt)).finalOutput).toBe("done")
      const streamed = await run(agent, prompt, { stream: true })
      await streamed.completed
      expect(streamed.finalOutput).toBe("done")
    }
    expect(asked).toHaveLength(4)
    const agent = new Agent({ name: "Worker", model })
    await expect(run(agent, "[[status:400]]")).rejects.toThrow()
    expect((await run(agent, "[[say:on]]")).finalOutput).toBe("on")
    await model.close()
  })
})

describe("WebSockets of a service with keys", () => {
  let service: TestService

  beforeAll(async () => {
    service = await startTestService({
      config: { apiKeys: new Map([["alice", "key-1"]]) },
      // Longer than any of its turns takes: one that is not over by then is interrupted.
      limits: { keepAliveMs: 100, drainMs: 60_000 },
    })
  })
  afterAll(() => service.stop())

  it("need one before the upgrade", async () => {
    expect(await refusal(service.url, {})).toMatchObject({
      status: 401,
      body: { error: { code: "invalid_api_key" } },
    })
    expect(await refusal(service.url, { authorization: "Bearer wrong" })).toMatchObject({ status: 401 })
    const peer = await new Peer(service.url, { authorization: "Bearer key-1" }).open()
    expect(textOf(await peer.answer({ input: "[[say:in]]" }))).toBe("in")
    peer.socket.close()
  })

  it("are pinged while nothing is said, and closed when the service stops, after the turn that runs", async () => {
    const headers = { authorization: "Bearer key-1" }
    const idle = await new Peer(service.url, headers).open()
    await once(idle.socket, "ping")
    const busy = await new Peer(service.url, headers).open()
    busy.send({ input: "[[slow:3]]" })
    await waitFor(() => busy.events.some((event) => event.type === "response.output_text.delta"), {
      what: "the answer to begin",
    })
    await service.restart()
    expect(await idle.closed).toBe(1001)
    expect(await busy.closed).toBe(1001)
    expect(textOf(responseOf(busy.events.at(-1)))).toBe("1 2 3")
    expect(socketFaults(busy.events)).toEqual([])
  })
})
