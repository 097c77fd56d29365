import { appendFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { createAcpHome } from "../support/acp-homes.ts"
import { createClaudeHome } from "../support/claude-home.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

const cleanUps: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

const wordOfTheDay = "The word of the day is plum."

type Name = "claude" | "gemini" | "opencode" | "copilot"

/** A service whose manager is on that CLI. */
async function start(name: Name): Promise<TestService> {
  const service = await startTestService({
    cli: testCli(name) ?? "",
    ...(name === "gemini" && { config: { model: "gemini-2.5-flash" } }),
    env: async (modelUrl) => {
      const home =
        name === "claude" ? await createClaudeHome({ modelUrl }) : await createAcpHome(name, modelUrl)
      cleanUps.push(() => home.remove())
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
