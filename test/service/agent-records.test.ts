import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let service: TestService

beforeEach(async () => {
  service = await startTestService()
})
afterEach(() => service.stop())

async function say(model: string, text: string): Promise<void> {
  await service.client.responses.create({ model, input: text })
}

/** The note of the day as soon as something is in it: it is written when the answer is out already. */
function noteOf(home: string, id: string): Promise<string> {
  const folder = join(home, id, "notes")
  return waitFor(
    () => {
      const [file] = readdirSync(folder)
      return file !== undefined && (readFileSync(join(folder, file), "utf8") || null)
    },
    { what: "the note of the day" },
  )
}

describe("what an agent's folder keeps of its work", () => {
  it("is a line for each turn in the day's note, which no other thread is told of, and in logs/turns.jsonl", async () => {
    const { home, model } = service
    await say("manager", "Where is the plum? [[say:In the garden.]]")
    expect(await noteOf(home, "manager")).toMatch(
      /^- \d\d:\d\d asked: Where is the plum\?.* → In the garden\.\n/,
    )
    await say("manager", "[[say:x]]")
    expect(JSON.stringify(model.requests.at(-1)?.body)).not.toContain("In the garden.")
    const log = join(home, "manager", "logs", "turns.jsonl")
    const turns = await waitFor(
      () => {
        const lines = readFileSync(log, "utf8").trim().split("\n")
        return lines.length >= 2 && lines
      },
      { what: "the line of the second turn" },
    )
    expect(turns.map((line) => JSON.parse(line) as object)).toMatchObject([
      { status: "completed", principal: "owner", error: null },
      { status: "completed" },
    ])
    expect(turns.join()).not.toContain("plum")
    const backendLog = join(home, "manager", "logs", "backend.log")
    await waitFor(() => readFileSync(backendLog, "utf8").includes("codex app-server started"), {
      what: "the start of codex to be logged",
    })
  })

  it("is nothing of a turn that shall leave nothing", async () => {
    const { home, client } = service
    await client.responses.create({ model: "manager", input: "The plum. [[say:ok]]", store: false })
    await say("manager", "[[say:x]]")
    expect(await noteOf(home, "manager")).not.toContain("plum")
  })
})
