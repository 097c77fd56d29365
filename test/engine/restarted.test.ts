import OpenAI from "openai"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Store } from "../../src/domain/store.ts"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { waitFor } from "../support/wait-for.ts"
import { commandItem, textDelta } from "./driven-backend.ts"
import { type EngineFixture, engineFixture } from "./engine-fixture.ts"

// What a killed service leaves is its ledger: a second one is started on it while the first one goes nowhere.
let store: Store

beforeEach(async () => {
  store = await openSqliteStore(":memory:")
})

afterEach(() => store.close())

const clientOf = ({ url }: EngineFixture) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 })

const session = { "x-session-id": "one" }
const failureOf = (answer: Promise<unknown>) => answer.catch((error: unknown) => error)

/** One turn that runs and one that waits for it, each asked for under a key of its own. */
async function oneRunsOneWaits(fixture: EngineFixture) {
  const client = clientOf(fixture)
  const ask = (key: string) =>
    client.responses.create(
      { model: "manager", input: key },
      { headers: { ...session, "idempotency-key": key } },
    )
  const answers = [failureOf(ask("runs")), failureOf(ask("waits"))]
  await waitFor(
    async () => fixture.backend.turns.length === 1 && (await store.findUnfinished()).length === 2,
    { what: "one turn to run and one to wait, in the ledger" },
  )
  return answers
}

/** What the same request has under its key. */
async function askAgain(fixture: EngineFixture, key: string) {
  const headers = { ...session, "idempotency-key": key }
  const answer = clientOf(fixture).responses.create({ model: "manager", input: key }, { headers })
  const turn = await Promise.race([
    failureOf(answer).then(() => null),
    waitFor(() => fixture.backend.turns[0], { what: "the agent to begin" }),
  ])
  turn?.complete()
  return { answer: await failureOf(answer), hasRun: turn !== null }
}

describe("after a restart", () => {
  it("an answer that was not begun says so, and the same request under its key is run", async () => {
    await oneRunsOneWaits(await engineFixture({ store }))
    const [, waiting] = await store.findUnfinished()
    const second = await engineFixture({ store })
    const record = await store.findResponse("owner", waiting?.responseId ?? "")
    expect(record?.error).toMatchObject({
      code: "server_restarted",
      message: expect.stringMatching(/nothing was done. Send the request again/),
    })
    expect(await askAgain(second, "waits")).toMatchObject({ hasRun: true, answer: { status: "completed" } })
  })

  it("an answer that was begun asks nobody to send the request again, and its key still means it", async () => {
    await oneRunsOneWaits(await engineFixture({ store }))
    const [running] = await store.findUnfinished()
    const second = await engineFixture({ store })
    const record = await store.findResponse("owner", running?.responseId ?? "")
    expect(record?.error?.message).toContain("may have acted")
    expect(record?.error?.message).not.toContain("Send")
    expect(await askAgain(second, "runs")).toMatchObject({
      hasRun: false,
      answer: { code: "server_restarted" },
    })
  })

  it("an answer has the items that were told as done, and nothing of one that was open", async () => {
    const first = await engineFixture({ store })
    const stream = await clientOf(first).responses.create(
      { model: "manager", input: "hi", stream: true },
      { headers: { "x-on-disconnect": "continue" } },
    )
    let id = ""
    for await (const event of stream) {
      if (event.type === "response.created") id = event.response.id
      if (event.type === "response.in_progress") {
        const turn = await waitFor(() => first.backend.turns[0], { what: "the agent to begin" })
        turn.tell({ type: "item.completed", item: commandItem("c", "done") }, textDelta("m", "half of"))
      }
      if (event.type === "response.output_item.done") break
    }
    await engineFixture({ store })
    expect(await store.findResponse("owner", id)).toMatchObject({
      status: "failed",
      output: [{ type: "command", output: "done" }],
    })
    expect((await store.findResponse("owner", id))?.output).toHaveLength(1)
  })

  it("a replay has what was told of commands that ran beside each other, under the same numbers", async () => {
    const first = await engineFixture({ store })
    const created = await clientOf(first).responses.create({
      model: "manager",
      input: "hi",
      background: true,
    })
    const turn = await waitFor(() => first.backend.turns[0], { what: "the agent to begin" })
    turn.tell(
      { type: "item.started", item: commandItem("a", "") },
      { type: "item.started", item: commandItem("b", "") },
      { type: "item.completed", item: commandItem("b", "done") },
    )
    const live = await first.engine.reopen("owner", "response", created.id)
    await waitFor(() => live.record.output.length === 1, { what: "the second command to be told" })
    const told = live.log.read(0, 100)
    expect(told.at(-1)).toMatchObject({ type: "item.done", outputIndex: 1, item: { output: "done" } })
    const second = await engineFixture({ store })
    const restored = await second.engine.reopen("owner", "response", created.id)
    expect(restored.log.read(0, 100)).toEqual([...told, { type: "failed" }])
    const text = await (await fetch(`${second.url}/v1/responses/${created.id}?stream=true`)).text()
    expect(text).toContain("response.failed")
  })
})

describe("a stop of the service", () => {
  it("tells the request that its agent had not begun with from the one that it had", async () => {
    const fixture = await engineFixture({ store })
    const [runs, waits] = await oneRunsOneWaits(fixture)
    await fixture.engine.stop(0)
    expect(await waits).toMatchObject({
      code: "agent_stopped",
      message: expect.stringContaining("had not begun with this answer: send the request again"),
    })
    expect(await runs).toMatchObject({
      code: "agent_stopped",
      message: expect.not.stringContaining("again"),
    })
    const second = await engineFixture({ store })
    expect(await askAgain(second, "waits")).toMatchObject({ hasRun: true, answer: { status: "completed" } })
  })
})
