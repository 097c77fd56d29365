import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

let service: TestService

beforeEach(async () => {
  service = await startTestService()
})
afterEach(() => service.stop())

const hire = (name: string, settings = {}) => service.roster.hire({ role: "engineer", name, settings })
const say = (model: string) => service.client.responses.create({ model, input: "[[say:x]]" })
const statusOf = (id: string) => service.roster.list().find((agent) => agent.id === id)

/** What the model is told of the folder that a new thread of the agent works in. */
async function toldFolder(model: string): Promise<string | undefined> {
  await say(model)
  const body = JSON.stringify(service.model.requests.at(-1)?.body)
  return /Your working directory is (.*?): tasks/.exec(body)?.[1]
}

/** `undefined`: without the key. */
function writeWorkingDir(id: string, working_dir: string | null | undefined): void {
  const file = join(service.home, id, "control", "agent.json")
  const before = JSON.parse(readFileSync(file, "utf8")) as object
  writeFileSync(file, JSON.stringify({ ...before, working_dir }))
}

describe("the working directory of a hired agent", () => {
  it("is a folder of its own, and that of the service where an earlier release has hired it", async () => {
    const own = join(service.home, "engineer_alice", "work")
    const services = join(service.home, "..", "work")
    await hire("alice")
    expect(await toldFolder("alice")).toBe(own)
    expect(existsSync(own)).toBe(true)
    for (const name of ["bob", "carl"]) await hire(name, { workingDir: null })
    expect(await toldFolder("bob")).toBe(join(service.home, "engineer_bob", "work"))
    // As releases wrote it by which all worked in one folder, and as people do.
    writeWorkingDir("engineer_bob", null)
    writeWorkingDir("engineer_carl", undefined)
    await service.restart()
    expect(await toldFolder("bob")).toBe(services)
    expect(await toldFolder("carl")).toBe(services)
    expect(await toldFolder("alice")).toBe(own)
    expect(await toldFolder("manager")).toBe(services)
  })
})

describe("a hired agent", () => {
  it("was last active when it was, also after a restart", async () => {
    await hire("alice")
    const startedAt = Date.now()
    await say("alice")
    const endedAt = Date.now()
    await service.restart()
    const lastActiveAt = await waitFor(() => statusOf("engineer_alice")?.lastActiveAt, {
      what: "the last turn to be read",
    })
    expect(lastActiveAt).toBeGreaterThanOrEqual(startedAt)
    expect(lastActiveAt).toBeLessThanOrEqual(endedAt)
    expect(statusOf("manager")?.lastActiveAt).toBeNull()
  })

  it("that cannot be asked is told as a model that is not ready, with the next step", async () => {
    await hire("eve", { cli: "no-such-cli" })
    // Its CLI is ready then.
    await say("manager")
    const eve = {
      id: "engineer_eve",
      object: "model",
      ready: false,
      problem: {
        reason: expect.stringContaining("`no-such-cli` is not on the PATH"),
        next_step: expect.stringContaining("Install it"),
      },
    }
    const manager = { id: "manager", ready: true, problem: null }
    expect((await service.client.models.list()).data).toMatchObject([manager, eve])
    expect(await service.client.models.retrieve("engineer_eve")).toMatchObject(eve)
  })

  it("is found by its bare name in /agent-reply", async () => {
    await hire("alice")
    const answer = await service.fetch(`${service.url}/agent-reply`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ agent: "alice", text: "Half of it is done." }),
    })
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status: 200,
      body: { agent: "engineer_alice", text: "Half of it is done." },
    })
  })
})
