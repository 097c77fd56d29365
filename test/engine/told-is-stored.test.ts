import { once } from "node:events"
import OpenAI from "openai"
import type { ResponseStreamEvent } from "openai/resources/responses/responses"
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { ProxyError } from "../../src/domain/errors.ts"
import type { TurnProgress } from "../../src/domain/store.ts"
import { weather } from "../support/client-functions.ts"
import { waitFor } from "../support/wait-for.ts"
import { commandItem, type DrivenTurn, messageItem, textDelta } from "./driven-backend.ts"
import { type EngineFixture, engineFixture } from "./engine-fixture.ts"

const clientOf = (fixture: EngineFixture) =>
  new OpenAI({ baseURL: `${fixture.url}/v1`, apiKey: "none", maxRetries: 0 })

/** What a stream has told so far. */
function reading(stream: AsyncIterable<ResponseStreamEvent>): { types: string[]; end: Promise<void> } {
  const types: string[] = []
  const end = (async () => {
    for await (const event of stream) types.push(event.type)
  })()
  return { types, end }
}

/** The messages that a WebSocket has told so far of one turn. */
async function readingSocket(fixture: EngineFixture): Promise<{ types: string[]; socket: WebSocket }> {
  const socket = new WebSocket(`${fixture.url.replace("http", "ws")}/v1/responses`)
  const types: string[] = []
  socket.on("message", (data) => types.push((JSON.parse(String(data)) as { type: string }).type))
  await once(socket, "open")
  socket.send(JSON.stringify({ type: "response.create", model: "manager", input: "hi" }))
  return { types, socket }
}

async function turnOf({ backend }: EngineFixture, index = 0): Promise<DrivenTurn> {
  return waitFor(() => backend.turns[index], { what: "the agent to begin" })
}

const isEnd = ({ status }: TurnProgress) => status === "completed"
const hasItem = ({ items }: TurnProgress) => (items?.length ?? 0) > 0

/** Requests that are answered behind whatever the service had to tell before. */
async function afterWhatIsTold(fixture: EngineFixture): Promise<void> {
  for (let round = 0; round < 3; round += 1) await (await fetch(`${fixture.url}/health`)).text()
}

describe("what the ledger does not have yet", () => {
  it("is the end of an item: no stream, no GET and no replay tells it, and what goes on is told behind it", async () => {
    const fixture = await engineFixture()
    const client = clientOf(fixture)
    const created = await client.responses.create({ model: "manager", input: "hi", background: true })
    const turn = await turnOf(fixture)
    const replay = reading(await client.responses.retrieve(created.id, { stream: true }))
    turn.tell(
      { type: "item.started", item: commandItem("c", "") },
      { type: "item.started", item: messageItem("m", "") },
      textDelta("m", "before"),
    )
    await waitFor(() => replay.types.includes("response.output_text.delta"), { what: "the delta" })
    fixture.ledger.hold()
    turn.tell({ type: "item.completed", item: commandItem("c", "done") }, textDelta("m", "behind"))
    await fixture.ledger.given("the command", hasItem)
    await afterWhatIsTold(fixture)
    expect(replay.types).not.toContain("response.output_item.done")
    expect(replay.types).not.toContain("response.mcp_call.completed")
    expect((await client.responses.retrieve(created.id)).output).toEqual([])
    fixture.ledger.release()
    await waitFor(() => replay.types.includes("response.output_item.done"), {
      what: "the end of the command",
    })
    expect(replay.types.at(-1)).toBe("response.output_text.delta")
    expect((await client.responses.retrieve(created.id)).output).toMatchObject([{ output: "done" }])
    turn.complete()
    await replay.end
  })

  it("is the end of a turn: body, streams, WebSocket, GET, replay and other agents hear of it afterwards", async () => {
    const fixture = await engineFixture()
    const { engine, ledger, colleagues } = fixture
    const client = clientOf(fixture)
    const background = await client.responses.create({ model: "manager", input: "hi", background: true })
    await turnOf(fixture)
    const told: string[] = []
    const whole = client.responses.create({ model: "manager", input: "hi" }).then(() => told.push("body"))
    const chat = client.chat.completions
      .create({ model: "manager", messages: [{ role: "user", content: "hi" }], store: true })
      .then(() => told.push("chat"))
    const stream = reading(await client.responses.create({ model: "manager", input: "hi", stream: true }))
    const replay = reading(await client.responses.retrieve(background.id, { stream: true }))
    const { types, socket } = await readingSocket(fixture)
    await turnOf(fixture, 4)
    ledger.hold()
    for (const turn of fixture.backend.turns) {
      turn.tell({ type: "item.completed", item: messageItem("m", "hello") })
      turn.complete()
    }
    await waitFor(() => ledger.progress.filter(isEnd).length === 5, { what: "the ends of all turns" })
    await afterWhatIsTold(fixture)
    expect(await client.responses.retrieve(background.id)).toMatchObject({
      status: "in_progress",
      output: [],
    })
    const live = await engine.reopen("owner", "response", background.id)
    expect(colleagues.stateOf(live).text).toContain("still at work")
    expect(engine.runningTurns("manager")).toHaveLength(5)
    expect((await client.chat.completions.list()).data).toEqual([])
    expect(told).toEqual([])
    for (const one of [stream.types, replay.types, types]) {
      // All that an open item may show.
      expect(one.at(-1)).toBe("response.output_text.delta")
    }
    ledger.release()
    await Promise.all([whole, chat, stream.end, replay.end])
    await waitFor(() => types.includes("response.completed"), { what: "the end on the socket" })
    socket.close()
    expect(await client.responses.retrieve(background.id)).toMatchObject({
      status: "completed",
      output_text: "hello",
    })
    expect((await client.chat.completions.list()).data).toHaveLength(1)
    expect(stream.types.at(-1)).toBe("response.completed")
  })

  it("is that a turn has begun: GET calls it queued, and its agent waits as well", async () => {
    const fixture = await engineFixture()
    const client = clientOf(fixture)
    fixture.ledger.hold()
    const { id } = await client.responses.create({ model: "manager", input: "hi", background: true })
    await fixture.ledger.given("the beginning", ({ status }) => status === "running")
    await afterWhatIsTold(fixture)
    expect((await client.responses.retrieve(id)).status).toBe("queued")
    expect(fixture.backend.turns).toHaveLength(0)
    fixture.ledger.release()
    await turnOf(fixture)
    expect((await client.responses.retrieve(id)).status).toBe("in_progress")
  })

  it("is that a foreground turn has begun that waited for another one: its agent waits as well", async () => {
    const fixture = await engineFixture()
    const { engine, ledger, backend } = fixture
    const client = clientOf(fixture)
    const headers = { "x-session-id": "one" }
    const first = client.responses.create({ model: "manager", input: "hi" }, { headers })
    const turn = await turnOf(fixture)
    const second = client.responses.create({ model: "manager", input: "hi again" }, { headers })
    await waitFor(() => engine.turnCount === 2, { what: "the second turn to wait" })
    ledger.hold()
    turn.complete()
    await ledger.given("the end of the first", isEnd)
    ledger.release()
    ledger.hold()
    await first
    await ledger.given("the beginning of the second", ({ status }) => status === "running")
    await afterWhatIsTold(fixture)
    expect(backend.turns).toHaveLength(1)
    ledger.release()
    ;(await turnOf(fixture, 1)).complete()
    expect((await second).status).toBe("completed")
  })

  it("is a call of the client's function: the answer that asks for its output comes afterwards", async () => {
    const fixture = await engineFixture()
    const client = clientOf(fixture)
    let isTold = false
    const answer = client.responses
      .create({ model: "manager", input: "hi", tools: [weather] })
      .finally(() => {
        isTold = true
      })
    const turn = await turnOf(fixture)
    fixture.ledger.hold()
    const call = { type: "function_call", id: "i", callId: "c", status: "completed" } as const
    const item = { ...call, name: weather.name, arguments: '{"city":"Oslo"}' }
    turn.tell({ type: "function.called", item, holdMs: null })
    await fixture.ledger.given("the end", isEnd)
    await afterWhatIsTold(fixture)
    expect(isTold).toBe(false)
    fixture.ledger.release()
    expect((await answer).output).toMatchObject([{ type: "function_call", name: weather.name }])
  })

  it("is a cancellation: its answer comes when it is stored", async () => {
    const fixture = await engineFixture()
    const client = clientOf(fixture)
    const { id } = await client.responses.create({ model: "manager", input: "hi", background: true })
    await turnOf(fixture)
    fixture.ledger.hold()
    let isTold = false
    const cancelled = client.responses.cancel(id).finally(() => {
      isTold = true
    })
    await fixture.ledger.given("the end", ({ status }) => status === "cancelled")
    await afterWhatIsTold(fixture)
    expect(isTold).toBe(false)
    expect((await client.responses.retrieve(id)).status).toBe("in_progress")
    fixture.ledger.release()
    expect((await cancelled).status).toBe("cancelled")
  })

  it("is what an agent says by /agent-reply: it is told as delivered when its turn has it", async () => {
    const fixture = await engineFixture()
    const client = clientOf(fixture)
    const { id } = await client.responses.create({ model: "manager", input: "hi", background: true })
    const turn = await turnOf(fixture)
    fixture.ledger.hold()
    let isTold = false
    const said = fetch(`${fixture.url}/agent-reply`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ agent: "manager", response_id: id, text: "half way", final: false }),
    }).finally(() => {
      isTold = true
    })
    await fixture.ledger.given("the message", hasItem)
    await afterWhatIsTold(fixture)
    expect(isTold).toBe(false)
    fixture.ledger.release()
    expect(await (await said).json()).toMatchObject({ delivered_to: "turn" })
    turn.complete()
  })

  it("is never told where it cannot be stored: the turn is interrupted, and fails without it", async () => {
    const fixture = await engineFixture()
    const client = clientOf(fixture)
    const { id } = await client.responses.create({ model: "manager", input: "hi", background: true })
    const turn = await turnOf(fixture)
    const live = await fixture.engine.reopen("owner", "response", id)
    fixture.ledger.fail(new ProxyError("storage_failed", "The disk is full."))
    turn.tell(
      { type: "item.completed", item: commandItem("c", "done") },
      { type: "item.started", item: messageItem("m", "") },
    )
    const record = await live.finished
    expect(turn.isInterrupted).toBe(true)
    expect(record).toMatchObject({ status: "failed", error: { code: "storage_failed" }, output: [] })
    const types = live.log.read(0, 100).map(({ type }) => type)
    expect(types).toContain("item.added")
    expect(types).not.toContain("item.done")
    expect(types.at(-1)).toBe("failed")
  })
})

describe("what storing costs", () => {
  it("is two transactions for a turn of text", async () => {
    const fixture = await engineFixture()
    const client = clientOf(fixture)
    const headers = { "x-session-id": "one" }
    const first = client.responses.create({ model: "manager", input: "hi" }, { headers })
    ;(await turnOf(fixture)).complete()
    await first
    const { progress } = fixture.ledger
    progress.length = 0
    const stream = reading(
      await client.responses.create({ model: "manager", input: "again", stream: true }, { headers }),
    )
    const turn = await turnOf(fixture, 1)
    turn.tell({ type: "item.started", item: messageItem("m", "") }, textDelta("m", "he"))
    await waitFor(() => stream.types.includes("response.output_text.delta"), { what: "the delta" })
    // It is stored as one that runs, with its request.
    expect(await fixture.ledger.store.findUnfinished()).toMatchObject([{ status: "running" }])
    turn.tell({ type: "item.completed", item: messageItem("m", "hello") })
    await new Promise((resolve) => setImmediate(resolve))
    turn.complete()
    await stream.end
    // Besides the one that its request was stored with.
    expect(progress).toMatchObject([{ status: "completed", items: [{ outputIndex: 0 }] }])
  })

  it("is one transaction for all items that end together", async () => {
    const fixture = await engineFixture()
    const live = await fixture.engine.submit("owner", {
      kind: "response",
      model: "manager",
      instructions: null,
      input: [{ ...messageItem("u", "hi"), role: "user" } as never],
      tools: [],
      functionChoice: { allowed: null, isRequired: false },
      allowsParallelCalls: true,
      previousResponseId: null,
      conversationId: null,
      sessionKey: null,
      resendsHistory: false,
      effort: null,
      outputSchema: null,
      answerLimits: { stopTexts: [], maxTokens: null },
      sideRequest: null,
      keepsThread: true,
      isStored: true,
      isBackground: false,
      echo: {},
    })
    const turn = await turnOf(fixture)
    turn.tell(
      { type: "item.completed", item: commandItem("a", "1") },
      { type: "item.completed", item: commandItem("b", "2") },
      { type: "item.completed", item: messageItem("m", "both") },
    )
    await waitFor(() => live.record.output.length === 3, { what: "all items" })
    expect(fixture.ledger.progress.filter(hasItem)).toHaveLength(1)
    turn.complete()
    await live.finished
  })
})
