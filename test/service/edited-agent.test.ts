import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { userTextsOf } from "../model-server/request-readers.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let service: TestService

beforeEach(async () => {
  service = await startTestService()
})
afterEach(() => service.stop())

const own = (path: string) => join(service.home, "manager", path)
const wordOfTheDay = "The word of the day is plum."

function editControl(changed: object): void {
  const before = JSON.parse(readFileSync(own("control/agent.json"), "utf8")) as object
  writeFileSync(own("control/agent.json"), JSON.stringify({ ...before, ...changed }, null, 2))
}

/** What the model was asked in the turn. */
async function ask(more: object) {
  const body = { model: "manager", input: "[[say:ok]]", ...more }
  const { status, id } = await service.client.responses.create(body)
  const request = service.model.requests.at(-1)
  if (request === undefined) throw new Error("the model was not asked")
  const { model, reasoning } = request.body as { model?: string; reasoning?: { effort?: string } }
  return {
    status,
    id,
    model,
    effort: reasoning?.effort,
    texts: userTextsOf(request).filter((text) => text.startsWith("[[")),
    isTold: JSON.stringify(request.body).includes(wordOfTheDay),
  }
}

const begin = async () => (await service.client.conversations.create()).id

describe("an agent that is edited while its conversations go on", () => {
  it("has the CLI's own model and effort again, once they are null again", async () => {
    const conversation = await begin()
    expect(await ask({ conversation })).toMatchObject({ model: "scripted-1" })
    editControl({ model: "scripted-2", effort: "high" })
    await waitFor(async () => (await ask({ conversation })).model === "scripted-2", {
      what: "the other model",
    })
    expect(await ask({ conversation })).toMatchObject({ effort: "high" })
    editControl({ model: null, effort: null })
    await waitFor(async () => (await ask({})).model === "scripted-1", { what: "the edit to be noticed" })
    const { model, effort } = await ask({ conversation })
    expect([model, effort === "high"]).toEqual(["scripted-1", false])
  })

  it("does not keep the effort of one request for the next ones, over a restart", async () => {
    const conversation = await begin()
    const reasoning = { effort: "high" }
    expect(await ask({ conversation, reasoning })).toMatchObject(reasoning)
    await service.restart()
    expect((await ask({ conversation })).effort).not.toBe("high")
  })

  it("follows its instructions as they are now, in conversations that are loaded and in their branches", async () => {
    const conversation = await begin()
    const first = await ask({ conversation })
    const loose = await ask({})
    appendFileSync(own("AGENTS.md"), `\n${wordOfTheDay}\n`)
    const next = await ask({ conversation, input: "[[say:two]]" })
    expect(next).toMatchObject({ status: "completed", isTold: true, texts: ["[[say:ok]]", "[[say:two]]"] })
    expect(first.isTold).toBe(false)
    // Of a thread that was loaded before, and nobody has asked since.
    const answered = await ask({ previous_response_id: loose.id, input: "[[say:three]]" })
    const branch = await ask({ previous_response_id: loose.id, input: "[[say:four]]" })
    expect(answered).toMatchObject({ isTold: true, texts: ["[[say:ok]]", "[[say:three]]"] })
    expect(branch).toMatchObject({ isTold: true, texts: ["[[say:ok]]", "[[say:four]]"] })
  })

  it("is told at once in a branch of what was loaded before the edit", async () => {
    const first = await ask({})
    await ask({ previous_response_id: first.id })
    appendFileSync(own("AGENTS.md"), `\n${wordOfTheDay}\n`)
    const branch = await ask({ previous_response_id: first.id, input: "[[say:branch]]" })
    expect(branch).toMatchObject({ isTold: true, texts: ["[[say:ok]]", "[[say:branch]]"] })
    const again = await ask({ previous_response_id: branch.id, input: "[[say:again]]" })
    expect(again.isTold).toBe(true)
  })
})
