import OpenAI from "openai"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Store } from "../../src/domain/store.ts"
import type { TurnEvent } from "../../src/domain/turn-events.ts"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { insert } from "../contract/records.ts"
import { weather } from "../support/client-functions.ts"
import { waitFor } from "../support/wait-for.ts"
import { type EngineFixture, engineFixture } from "./engine-fixture.ts"

const day = 86_400_000
const today = 1_790_000_000_000

let store: Store
let now: number

beforeEach(async () => {
  store = await openSqliteStore(":memory:")
  now = today
})

afterEach(() => store.close())

/** A run of the service, of which the ledger is all that stays. */
function run(): Promise<EngineFixture> {
  return engineFixture({ store, now: () => now, limits: { retentionDays: 90 } })
}

const clientOf = ({ url }: EngineFixture) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 })

/** Asks, and has the agent say nothing. */
async function ask(fixture: EngineFixture, key?: string): Promise<string> {
  const count = fixture.backend.turns.length
  const answer = clientOf(fixture).responses.create(
    { model: "manager", input: "hi" },
    key === undefined ? {} : { headers: { "idempotency-key": key } },
  )
  const next = waitFor(() => fixture.backend.turns[count], { what: "the agent to begin" }).then(
    (turn) => turn.complete(),
    () => {}, // It was answered without.
  )
  const { id } = await answer
  if (key === undefined) await next
  return id
}

const isThere = async (id: string) => (await store.findResponse("owner", id)) !== null

describe("a clock that is wrong", () => {
  it("deletes nothing when it is a hundred days ahead for one start, nor when it is right again", async () => {
    const first = await run()
    const id = await ask(first)
    await first.engine.sweep()
    now += 100 * day
    await (await run()).engine.sweep()
    expect(await isThere(id)).toBe(true)
    now = today + 3_600_000
    const last = await run()
    for (let sweep = 0; sweep < 80; sweep += 1) {
      await last.engine.sweep()
      now += day
    }
    expect(await isThere(id)).toBe(true)
  })

  it("ages nothing when it was back in 1970 for one run", async () => {
    await (await run()).engine.sweep()
    now = 60_000
    const early = await run()
    const id = await ask(early)
    await early.engine.sweep()
    now = today + day
    const right = await run()
    await right.engine.sweep()
    await right.engine.sweep()
    expect(await isThere(id)).toBe(true)
  })

  it("makes no key of a request mean another run", async () => {
    const fixture = await run()
    const first = await ask(fixture, "k")
    now += 100 * day
    await fixture.engine.sweep()
    expect(await ask(fixture, "k")).toBe(first)
    expect(fixture.backend.turns).toHaveLength(1)
  })

  it("ends no turn that waits for its client", async () => {
    const fixture = await run()
    const client = clientOf(fixture)
    const request = { model: "manager", tools: [weather], parallel_tool_calls: false }
    const first = client.responses.create({ ...request, input: "hi" })
    const turn = await waitFor(() => fixture.backend.turns[0], { what: "the agent to begin" })
    const callOf = (callId: string): TurnEvent => {
      const item = {
        type: "function_call",
        id: callId,
        callId,
        name: weather.name,
        status: "completed",
      } as const
      return { type: "function.called", item: { ...item, arguments: '{"city":"Oslo"}' }, holdMs: 60_000 }
    }
    turn.tell(callOf("one"), callOf("two"))
    const { id } = await first
    now += day
    const second = await client.responses.create({
      ...request,
      previous_response_id: id,
      input: [{ type: "function_call_output", call_id: "one", output: "rain" }],
    })
    expect(second.output).toMatchObject([{ type: "function_call", call_id: "two" }])
    // A turn that may wait no longer is ended by a timer that is due at once.
    for (let round = 0; round < 3; round += 1) await (await fetch(`${fixture.url}/health`)).text()
    expect(turn.isInterrupted).toBe(false)
  })

  it("leaves the lists whole when it goes back between two answers", async () => {
    const fixture = await run()
    const client = clientOf(fixture)
    const ids: string[] = []
    for (const step of [0, -day, 2 * day, -3 * day]) {
      now += step
      const count = fixture.backend.turns.length
      const messages = [{ role: "user" as const, content: `at ${step}` }]
      const answer = client.chat.completions.create({ model: "manager", messages, store: true })
      ;(await waitFor(() => fixture.backend.turns[count], { what: "the agent to begin" })).complete()
      ids.push((await answer).id)
    }
    const listed: string[] = []
    for await (const { id } of client.chat.completions.list({ limit: 1 })) listed.push(id)
    expect(new Set(listed)).toEqual(new Set(ids))
    expect(listed).toHaveLength(4)
  })
})

describe("what nobody uses", () => {
  it("is deleted after its days, in the CLI as well", async () => {
    const fixture = await run()
    const id = await ask(fixture)
    for (let passed = 0; passed <= 90; passed += 1) {
      expect(await isThere(id)).toBe(true)
      await fixture.engine.sweep()
      now += day
    }
    await fixture.engine.sweep()
    expect(await isThere(id)).toBe(false)
    expect(fixture.backend.deletedThreads).toHaveLength(1)
  })

  it("ages by one day while the service is down for thirty", async () => {
    const first = await run()
    const id = await ask(first)
    for (let downtime = 0; downtime < 4; downtime += 1) {
      await (await run()).engine.sweep()
      now += 30 * day
    }
    await (await run()).engine.sweep()
    expect(await isThere(id)).toBe(true)
  })

  it("goes in portions: a tenth and ten more in one sweep", async () => {
    for (let index = 0; index < 60; index += 1) {
      const usedAt = today - 1_000 * day + index
      await insert(store, {
        turnId: `turn_${index}`,
        threadId: `thr_${index}`,
        thread: { usedAt },
        response: { status: "completed" },
      })
    }
    await insert(store, { turnId: "turn_new", threadId: "thr_new", thread: { usedAt: today } })
    const left = async () => {
      const found = await Promise.all(Array.from({ length: 60 }, (_, index) => isThere(`resp_turn_${index}`)))
      return found.filter(Boolean).length
    }
    const { engine } = await run()
    await engine.sweep()
    expect(await left()).toBe(60 - 17)
    await engine.sweep()
    expect(await left()).toBe(60 - 17 - 15)
    expect(await isThere("resp_turn_59")).toBe(true)
  })
})
