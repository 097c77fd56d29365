import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import OpenAI from "openai"
import { beforeEach, describe, expect, it } from "vitest"
import type { PastSession } from "../../src/domain/backend.ts"
import { ProxyError } from "../../src/domain/errors.ts"
import { newId } from "../../src/domain/ids.ts"
import { oldSession } from "../../src/service/old-session.ts"
import { waitFor } from "../support/wait-for.ts"
import { messageItem } from "./driven-backend.ts"
import { type EngineFixture, engineFixture } from "./engine-fixture.ts"

interface Said {
  readonly role: "user" | "assistant"
  readonly content: string
}

const heron: PastSession = {
  thread: "the old one",
  items: [messageItem(newId("msg_"), "The ship is called Heron.")],
}
const said = (content: string): Said => ({ role: "user", content })

let fixture: EngineFixture
let client: OpenAI
let record: string

beforeEach(async () => {
  fixture = await engineFixture({
    earlierPast: (home) => {
      record = join(home, "from-0.2.0.json")
      writeFileSync(record, '{"agents": ["manager"], "left": []}')
      return oldSession({ home, workingDirectory: home }, () => {})
    },
  })
  client = new OpenAI({ baseURL: `${fixture.url}/v1`, apiKey: "none", maxRetries: 0 })
})

/** What the home's record says of the session. */
const noted = (): unknown => JSON.parse(readFileSync(record, "utf8")).session

/** Whether the thread of this turn was told the old session. */
const knows = (turn: number): boolean =>
  JSON.stringify(fixture.backend.opened[turn]?.history ?? "").includes("Heron")

async function answer(index: number): Promise<void> {
  const turn = await waitFor(() => fixture.backend.turns[index], { what: `turn ${index} to begin` })
  turn.tell({ type: "item.completed", item: messageItem("m", "hello") })
  turn.complete()
}

/** The search for the old session, which ends when the test says so. */
function heldSearch(): { readonly begun: Promise<true>; end(): void } {
  const { promise, resolve } = Promise.withResolvers<PastSession>()
  let hasBegun = false
  fixture.backend.lastSession = () => {
    hasBegun = true
    return promise
  }
  return { begun: waitFor(() => hasBegun, { what: "the search to begin" }), end: () => resolve(heron) }
}

describe.each([
  ["Responses, whole", "responses", false],
  ["Responses, streamed", "responses", true],
  ["chat, whole", "chat", false],
  ["chat, streamed", "chat", true],
] as const)("a talk of before the ledger by %s", (_way, api, streams) => {
  /** Resolves with the whole answer. */
  async function ask(messages: readonly Said[], headers: Record<string, string> = {}): Promise<unknown> {
    const model = "manager"
    if (api === "chat") {
      const asked = { model, messages: [...messages] }
      return streams
        ? client.chat.completions.stream(asked, { headers }).finalChatCompletion()
        : client.chat.completions.create(asked, { headers })
    }
    const asked = { model, input: [...messages] }
    return streams
      ? client.responses.stream(asked, { headers }).finalResponse()
      : client.responses.create(asked, { headers })
  }

  it("is waited for by the conversation that may have it, and by nobody else", async () => {
    const search = heldSearch()
    // Both depend on what is there, so that one is planned after the other.
    const first = ask([said("one")], { "x-session-id": "first" })
    await search.begun
    const other = ask([said("two"), { role: "assistant", content: "yes" }, said("three")])
    await answer(0)
    await other
    expect(knows(0)).toBe(false)
    search.end()
    await answer(1)
    await first
    expect(knows(1)).toBe(true)
  })

  it("is not waited for by a session that goes on", async () => {
    fixture.backend.lastSession = () => Promise.resolve(undefined)
    const headers = { "x-session-id": "mine" }
    const begun = ask([said("one")], headers)
    await answer(0)
    await begun
    const search = heldSearch()
    const beginning = ask([said("two")], { "x-session-id": "another" })
    await search.begun
    const goingOn = ask([said("three")], headers)
    await answer(1)
    await goingOn
    expect([fixture.backend.turns.length, fixture.backend.opened.length]).toEqual([2, 1])
    search.end()
    await answer(2)
    await beginning
    expect(knows(1)).toBe(true)
  })

  it("is had by the next one where a conversation could not be stored", async () => {
    fixture.backend.lastSession = async () => heron
    fixture.ledger.beforeTurn = () => Promise.reject(new ProxyError("storage_failed", "The disk is full."))
    await expect(ask([said("one")])).rejects.toMatchObject({ status: 503 })
    expect(noted()).toBeUndefined()
    fixture.ledger.beforeTurn = async () => {}
    const second = ask([said("two")])
    await answer(0)
    await second
    expect(knows(0)).toBe(true)
    await waitFor(() => noted() !== undefined, { what: "the note" })
    expect(noted()).toMatchObject({ thread: heron.thread })
    const third = ask([said("three")])
    await answer(1)
    await third
    expect(knows(1)).toBe(false)
  })

  it("is had by one conversation only, and noted once that is stored", async () => {
    fixture.backend.lastSession = async () => heron
    const storing = Promise.withResolvers<void>()
    let isStoring = false
    fixture.ledger.beforeTurn = () => {
      isStoring = true
      return storing.promise
    }
    const first = ask([said("one")])
    await waitFor(() => isStoring, { what: "the first turn to be stored" })
    fixture.ledger.beforeTurn = async () => {}
    const second = ask([said("two")])
    await answer(0)
    await second
    expect(knows(0)).toBe(false)
    expect(noted()).toBeUndefined()
    storing.resolve()
    await answer(1)
    await first
    expect(knows(1)).toBe(true)
    await waitFor(() => noted() !== undefined, { what: "the note" })
  })

  it("is still there where the service was stopped while it was looked for", async () => {
    const search = heldSearch()
    const first = ask([said("one")])
    await search.begun
    const refused = expect(first).rejects.toMatchObject({ status: 503 })
    await fixture.engine.stop(0)
    search.end()
    await refused
    expect(noted()).toBeUndefined()
  })
})
