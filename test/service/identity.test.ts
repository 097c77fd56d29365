import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let service: TestService

beforeEach(async () => {
  service = await startTestService({ cli: "/nonexistent/codex", demoFallback: true })
})
afterEach(() => service.stop())

const hire = () => service.roster.hire({ role: "engineer", name: "alice" })
const session = (id: string) => ({ headers: { "X-Session-Id": id } })
const secretWord = "say the word is periwinkle"
const listed = "list what I said"

/** What the agent still knows of the conversation. */
async function inSession(text: string, model = "engineer_alice", id = "chat one"): Promise<string> {
  const response = await service.client.responses.create({ model, input: text }, session(id))
  return response.output_text
}

/** Another agent under the name of the one that was there. */
async function replaceAlice(): Promise<string> {
  const { archive } = await service.roster.fire("engineer_alice")
  await hire()
  return archive
}

/** As a person does it: the folder is moved back, and the agent, which was stopped, started. */
async function bringBack(archive: string): Promise<void> {
  renameSync(archive, join(service.home, "engineer_alice"))
  await waitFor(() => service.roster.list().some(({ id }) => id === "engineer_alice"), {
    what: "the folder to be noticed",
    timeoutMs: 30_000,
  })
  await service.roster.start("engineer_alice")
}

describe("an agent that is hired under the name of one that was fired", () => {
  beforeEach(async () => {
    await hire()
  })

  it("begins anew where a session header names the old one's conversation", async () => {
    await inSession(secretWord)
    expect(await inSession(listed)).toContain("periwinkle")
    await replaceAlice()
    expect(await inSession(listed)).toBe(`1. ${listed}`)
    // The old one's is not in the way of the new one's.
    expect(await inSession(listed)).toBe(`1. ${listed}\n2. ${listed}`)
  })

  it("does not go on from an answer of the old one, which stays readable", async () => {
    const { client } = service
    const old = await client.responses.create({ model: "engineer_alice", input: secretWord })
    await replaceAlice()
    const goOn = client.responses.create({
      model: "engineer_alice",
      input: listed,
      previous_response_id: old.id,
    })
    await expect(goOn).rejects.toMatchObject({
      status: 400,
      code: "previous_response_not_found",
      param: "previous_response_id",
      message: expect.stringContaining("an earlier agent of the name 'engineer_alice'"),
    })
    expect(await client.responses.retrieve(old.id)).toMatchObject({
      model: "engineer_alice",
      output_text: "the word is periwinkle",
    })
  })

  it("is told a conversation's items, and does not go on in the old one's thread", async () => {
    const { client, home } = service
    const { id } = await client.conversations.create({})
    await client.responses.create({ model: "engineer_alice", input: secretWord, conversation: id })
    await replaceAlice()
    await client.responses.create({ model: "engineer_alice", input: listed, conversation: id })
    const items = (await client.conversations.items.list(id)).data
    expect(items).toHaveLength(4)
    expect(threadsOf(home, "engineer_alice")).toHaveLength(2)
  })

  it("does not find the old one's thread by the history that a client sends along", async () => {
    const { client, home } = service
    const first = [{ role: "user" as const, content: secretWord }]
    const { choices } = await client.chat.completions.create({ model: "engineer_alice", messages: first })
    const answer = { role: "assistant" as const, content: choices[0]?.message.content ?? "" }
    await replaceAlice()
    const messages = [...first, answer, { role: "user" as const, content: listed }]
    await client.chat.completions.create({ model: "engineer_alice", messages })
    expect(threadsOf(home, "engineer_alice")).toHaveLength(2)
  })

  it("is another one for an `Idempotency-Key`", async () => {
    const ask = (store: boolean) =>
      service.client.responses.create(
        { model: "engineer_alice", input: secretWord, store },
        { headers: { "Idempotency-Key": `stored ${store}`.replace(" ", "-") } },
      )
    for (const store of [true, false]) expect((await ask(store)).id).toBe((await ask(store)).id)
    await replaceAlice()
    for (const store of [true, false]) {
      await expect(ask(store)).rejects.toMatchObject({
        status: 409,
        code: "idempotency_key_reused",
        message: expect.stringContaining("earlier agent"),
      })
    }
  })

  it("is another one for its manager, which goes on with it in a thread of its own", async () => {
    const ask = (message: string) =>
      inSession(`call ask_agent ${JSON.stringify({ agent: "alice", message, wait: true })}`, "manager")
    await ask(secretWord)
    expect(await ask(listed)).toContain("periwinkle")
    await replaceAlice()
    expect(await ask(listed)).not.toContain("periwinkle")
  })

  it("has no tasks of the one before", async () => {
    const task = { agent: "manager", message: "say hello", wait: false }
    const asked = await inSession(`call ask_agent ${JSON.stringify(task)}`)
    const [id] = /resp_[0-9a-f]+/.exec(asked) ?? []
    const result = `call task_result ${JSON.stringify({ task_id: id })}`
    expect(await inSession(result)).toContain("hello")
    await replaceAlice()
    expect(await inSession(result)).toContain(`You have no task '${id}'`)
  })

  it("is another one in the shared conversation", async () => {
    await service.stop()
    service = await startTestService({
      cli: "/nonexistent/codex",
      demoFallback: true,
      config: { sessions: "shared" },
    })
    await hire()
    const ask = async (input: string) =>
      (await service.client.responses.create({ model: "engineer_alice", input })).output_text
    await ask(secretWord)
    expect(await ask(listed)).toContain("periwinkle")
    await replaceAlice()
    expect(await ask(listed)).not.toContain("periwinkle")
  })

  it("makes room for the old one when that comes back from the archive", async () => {
    await inSession(secretWord)
    const archive = await replaceAlice()
    await inSession(listed)
    await service.roster.fire("engineer_alice")
    await bringBack(archive)
    expect(await inSession(listed)).toContain("periwinkle")
  })

  it("is noticed when somebody exchanges the folders by hand", async () => {
    await inSession(secretWord)
    const archive = await replaceAlice()
    renameSync(join(service.home, "engineer_alice"), join(service.home, "..", "other"))
    const control = join(archive, "control/agent.json")
    writeFileSync(control, readFileSync(control, "utf8").replace('"stopped"', '"running"'))
    cpSync(archive, join(service.home, "engineer_alice"), { recursive: true, preserveTimestamps: true })
    await waitFor(async () => (await inSession(listed)).includes("periwinkle"), {
      what: "the agent to be the old one again",
      timeoutMs: 30_000,
    })
  })
})

describe("an agent of a time when agents had no identity", () => {
  it("goes on in its conversations after the next start", async () => {
    await hire()
    await inSession(secretWord)
    const old = await service.client.responses.create({ model: "engineer_alice", input: secretWord })
    forgetIdentities()
    await service.restart()
    expect(await inSession(listed)).toContain("periwinkle")
    const goOn = { model: "engineer_alice", input: listed, previous_response_id: old.id }
    expect((await service.client.responses.create(goOn)).output_text).toContain("periwinkle")
    expect(readFileSync(join(service.home, "engineer_alice/control/identity"), "utf8")).toBe(
      "engineer_alice\n",
    )
    // And still is one agent of two.
    await replaceAlice()
    expect(await inSession(listed)).toBe(`1. ${listed}`)
  })

  it("has its conversations back that was fired before, if nobody has taken them", async () => {
    await hire()
    await inSession(secretWord)
    forgetIdentities()
    const { archive } = await service.roster.fire("engineer_alice")
    rmSync(join(archive, "control/identity"), { force: true })
    await hire()
    expect(await inSession(listed)).toBe(`1. ${listed}`)
    await service.roster.fire("engineer_alice")
    await bringBack(archive)
    expect(await inSession(listed)).toContain("periwinkle")
  })

  /** As an earlier release has left the home. */
  function forgetIdentities(): void {
    for (const agent of ["manager", "engineer_alice"]) {
      const file = join(service.home, agent, "control/identity")
      expect(existsSync(file)).toBe(true)
      rmSync(file)
    }
    const database = new DatabaseSync(join(service.home, "state.db"))
    database.exec("update threads set agent_identity = null")
    database.close()
  }
})

function threadsOf(home: string, agent: string): readonly object[] {
  const database = new DatabaseSync(join(home, "state.db"), { readOnly: true })
  try {
    return database.prepare("select id from threads where agent_id = ?").all(agent)
  } finally {
    database.close()
  }
}
