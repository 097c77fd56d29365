import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { createAcpHome } from "../support/acp-homes.ts"
import { createClaudeHome } from "../support/claude-home.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const wordOfTheDay = "The word of the day is plum."

type Name = "claude" | "gemini" | "opencode" | "copilot"

/** A service whose manager is on that CLI. */
async function start(name: Name, claudeSettings: object | null = null): Promise<TestService> {
  const service = await startTestService({
    cli: testCli(name) ?? "",
    ...(name === "gemini" && { config: { model: "gemini-2.5-flash" } }),
    env: async (modelUrl) => {
      const home =
        name === "claude" ? await createClaudeHome({ modelUrl }) : await createAcpHome(name, modelUrl)
      cleanUps.push(() => home.remove())
      if (claudeSettings !== null) {
        writeFileSync(join(home.home, "settings.json"), JSON.stringify(claudeSettings))
      }
      return home.env
    },
  })
  cleanUps.push(() => service.stop())
  return service
}

/** Whether the model was told, in any of its requests for the turn: some CLIs ask for a title beside it. */
async function isTold(service: TestService, conversation: string, input: string): Promise<boolean> {
  const before = service.model.requests.length
  const { output_text } = await service.client.responses.create({ model: "manager", conversation, input })
  expect(output_text).toBe("ok")
  return service.model.requests.slice(before).some(({ body }) => JSON.stringify(body).includes(wordOfTheDay))
}

describe("instructions that are edited while a conversation is loaded", () => {
  for (const name of ["claude", "gemini", "opencode", "copilot"] as const) {
    it.skipIf(testCli(name) === null)(
      `are those of its next turn on ${name}, which forgets nothing${testCli(name) === null ? missingCli(name) : ""}`,
      async () => {
        const service = await start(name)
        const { id } = await service.client.conversations.create()
        expect(await isTold(service, id, "Remember the apple. [[say:ok]]")).toBe(false)
        appendFileSync(join(service.home, "manager", "AGENTS.md"), `\n${wordOfTheDay}\n`)
        expect(await isTold(service, id, "[[say:ok]]")).toBe(true)
        expect(JSON.stringify(service.model.requests.at(-1)?.body)).toContain("Remember the apple.")
        const other = await service.client.conversations.create()
        expect(await isTold(service, other.id, "[[say:ok]]")).toBe(true)
      },
      120_000,
    )
  }
})

describe("a model that is set for an agent on claude, and is null again", () => {
  it.skipIf(testCli("claude") === null).each([
    ["claude's default", null],
    ["the person's own", { model: "haiku" }],
  ])(
    `leaves %s to conversations that go on${testCli("claude") === null ? missingCli("claude") : ""}`,
    async (_, settings) => {
      const service = await start("claude", settings)
      const { id } = await service.client.conversations.create()
      const own = await modelOf(service, id)
      expect(own.includes("haiku")).toBe(settings !== null)
      edit(service, { model: "sonnet" })
      await waitFor(async () => (await modelOf(service, id)).includes("sonnet"), { what: "the other model" })
      edit(service, { model: null })
      const isNoticed = async () => {
        const fresh = await service.client.conversations.create()
        return (await modelOf(service, fresh.id)) === own
      }
      await waitFor(isNoticed, { what: "the edit to be noticed", timeoutMs: 30_000 })
      expect(await modelOf(service, id)).toBe(own)
      expect(JSON.stringify(service.model.requests.at(-1)?.body)).toContain("sonnet, [[say:ok]]")
    },
    120_000,
  )
})

function edit(service: TestService, changed: object): void {
  const file = join(service.home, "manager", "control", "agent.json")
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...changed }))
}

/** Which one was asked in a turn of the conversation; what it was told then is kept there. */
async function modelOf(service: TestService, conversation: string): Promise<string> {
  const file = join(service.home, "manager", "control", "agent.json")
  const { model } = JSON.parse(readFileSync(file, "utf8"))
  await service.client.responses.create({ model: "manager", conversation, input: `${model}, [[say:ok]]` })
  return String((service.model.requests.at(-1)?.body as { model?: unknown } | undefined)?.model)
}
