import OpenAI from "openai"
import { beforeEach, expect, it } from "vitest"
import { textOf } from "../../src/domain/items.ts"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { waitFor } from "../support/wait-for.ts"
import type { DrivenTurn } from "./driven-backend.ts"
import { type EngineFixture, engineFixture } from "./engine-fixture.ts"

let fixture: EngineFixture
let client: OpenAI

beforeEach(async () => {
  fixture = await engineFixture({ store: await openSqliteStore(":memory:") })
  client = new OpenAI({ baseURL: `${fixture.url}/v1`, apiKey: "none", maxRetries: 0 })
})

async function run<T>(asking: Promise<T>, end = (turn: DrivenTurn) => turn.complete()): Promise<T> {
  const { turns } = fixture.backend
  const number = turns.length
  end(await waitFor(() => turns[number], { what: "the agent to begin" }))
  return asking
}

async function standing(): Promise<readonly string[]> {
  const messages = (await fixture.backend.standing.at(-1)?.()) ?? []
  expect(messages.map(({ role }) => role)).toEqual(messages.map(() => "developer"))
  return messages.map(({ content }) => textOf(content))
}

it("what developers said in a conversation is there for an agent that has forgotten it, each once", async () => {
  const said = (role: "user" | "developer", content: string) => ({ role, content })
  const first = await run(
    client.responses.create({
      model: "manager",
      instructions: "Be brief.",
      input: [said("user", "hi"), said("developer", "Answer in French."), said("user", "well?")],
    }),
  )
  expect(await standing()).toEqual(["Answer in French."])
  const second = await run(
    client.responses.create({
      model: "manager",
      instructions: "Be brief.",
      previous_response_id: first.id,
      input: [
        said("developer", "Mention no names."),
        said("developer", "Answer in French."),
        said("user", "go on"),
      ],
    }),
  )
  expect(await standing()).toEqual(["Mention no names.", "Answer in French."])
  await run(
    client.responses.create({
      model: "manager",
      instructions: "Be long.",
      previous_response_id: second.id,
      input: "go on",
    }),
  )
  const third = await standing()
  expect(third.slice(0, 2)).toEqual(["Mention no names.", "Answer in French."])
  expect(third.slice(2)).toEqual([expect.stringContaining("Be long.")])
})

it("a changed instruction that an earlier turn was told is among it, over chat as well", async () => {
  const system = (content: string) => ({ role: "system" as const, content })
  const user = { role: "user" as const, content: "hi" }
  const chat = (...messages: OpenAI.ChatCompletionMessageParam[]) =>
    run(client.chat.completions.create({ model: "manager", messages }), (turn) => {
      const content = [
        { type: "text", text: `answer ${fixture.backend.turns.length} of the scripted agent` },
      ] as const
      const item = {
        type: "message",
        id: "m",
        role: "assistant",
        content,
        phase: null,
        status: "completed",
      } as const
      turn.tell({ type: "item.completed", item })
      turn.complete()
    })
  const answer = (number: number) =>
    ({ role: "assistant", content: `answer ${number} of the scripted agent` }) as const
  await chat(system("Be brief."), user)
  await chat(system("Be long."), user, answer(1), { role: "user", content: "and now?" })
  await chat(system("Be long."), user, answer(1), { role: "user", content: "and now?" }, answer(2), user)
  expect(fixture.backend.asked.at(-1)).toHaveLength(1)
  expect(await standing()).toEqual([expect.stringContaining("Be long.")])
})

it("a CLI is told with a thread that its last turn did not come to its end", async () => {
  const ask = (previous: string | null) =>
    client.responses.create({ model: "manager", input: "hi", previous_response_id: previous })
  const first = await run(ask(null))
  const second = await run(ask(first.id))
  const third = await run(
    client.responses.create({
      model: "manager",
      input: "hi",
      previous_response_id: second.id,
      background: true,
    }),
    () => {},
  )
  await client.responses.cancel(third.id)
  await run(ask(third.id))
  expect(fixture.backend.resumed.map(({ endsCut }) => endsCut === true)).toEqual([false, false, true])
})
