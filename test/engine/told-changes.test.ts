import OpenAI from "openai"
import { beforeEach, describe, expect, it } from "vitest"
import type { Store } from "../../src/domain/store.ts"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { waitFor } from "../support/wait-for.ts"
import type { DrivenTurn } from "./driven-backend.ts"
import { type EngineFixture, engineFixture } from "./engine-fixture.ts"

let store: Store
let fixture: EngineFixture
let client: OpenAI
let conversation: string

beforeEach(async () => {
  store = await openSqliteStore(":memory:")
  fixture = await engineFixture({ store })
  client = new OpenAI({ baseURL: `${fixture.url}/v1`, apiKey: "none", maxRetries: 0 })
  conversation = (await client.conversations.create()).id
})

/** One turn with these instructions; whether its agent was told that they have changed, and how. */
async function told(
  instructions: string,
  end: (turn: DrivenTurn) => void = (turn) => turn.complete(),
): Promise<string | null> {
  const { turns, asked } = fixture.backend
  const number = turns.length
  const asking = client.responses.create({ model: "manager", instructions, input: "hi", conversation })
  const turn = await waitFor(() => turns[number], { what: "the agent to begin" })
  end(turn)
  await asking.catch(() => null)
  const note = asked[number]?.find(({ id }) => id === "change")
  const [part] = note?.content ?? []
  return part?.type === "text" ? part.text : null
}

describe("what has changed in a thread", () => {
  it("is told once, and taken back where it is as it was at the beginning", async () => {
    expect(await told("Speak like a pirate.")).toBeNull()
    expect(await told("Speak like a poet.")).toContain("poet")
    expect(await told("Speak like a poet.")).toBeNull()
    expect(await told("Speak like a pirate.")).toContain("exactly those that you had at the beginning")
    expect(await told("Speak like a pirate.")).toBeNull()
  })

  it("is told again where the turn that was told did not end well", async () => {
    await told("Speak like a pirate.")
    const fail = (turn: DrivenTurn) => void turn.interrupt()
    expect(await told("Speak like a poet.", fail)).toContain("poet")
    expect(await told("Speak like a poet.")).toContain("poet")
    await told("Speak like a pirate.", fail)
    expect(await told("Speak like a pirate.")).toContain("exactly those that you had at the beginning")
  })

  it("is told again behind a summary that left it out", async () => {
    await told("Speak like a pirate.")
    await told("Speak like a poet.")
    const forget = (turn: DrivenTurn) => {
      turn.tell({ type: "notice", message: "summed up", tells: "progress", forgets: true })
      turn.complete()
    }
    expect(await told("Speak like a poet.", forget)).toBeNull()
    expect(await told("Speak like a poet.")).toContain("poet")
    expect(await told("Speak like a poet.")).toBeNull()
  })

  it("is not believed to be told by a service that starts after a crash in the turn", async () => {
    await told("Speak like a pirate.")
    const thread = await threadOf()
    await told("Speak like a poet.", (turn) => {
      // As the ledger is when the service is killed now.
      void store.findNativeState(thread).then((state) => {
        expect(state?.note).toBe("")
        turn.complete()
      })
    })
    expect((await store.findNativeState(thread))?.note).toContain("poet")
  })
})

async function threadOf(): Promise<string> {
  const head = (await store.conversations.find("owner", conversation))?.headTurnId
  const turn = await store.findTurn(head ?? "")
  if (turn === null) throw new Error("no turn yet")
  return turn.threadId
}
