import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Response } from "openai/resources/responses/responses"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { agentPath } from "../agents/agents.ts"
import { type ClaudeHome, createClaudeHome } from "../support/claude-home.ts"
import { createTempDir, type TempDir } from "../support/temp-dir.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 })

const claude = testCli("claude")
const clis = [
  {
    name: "a CLI of the Agent Client Protocol",
    cli: `${process.execPath} --disable-warning=ExperimentalWarning ${agentPath("acp-agent.ts")}`,
    backend: "acp",
  },
  { name: claude === null ? missingCli("claude") : "claude", cli: claude, backend: "claude" },
]

/** CLIs that know functions over MCP only: the tools of the team come to them by `/mcp`. */
describe.each(clis)("the tools of the team on $name", ({ cli, backend }) => {
  let service: TestService
  let claudeHome: ClaudeHome
  let folder: TempDir

  beforeAll(async () => {
    if (cli === null) return
    folder = await createTempDir("sessions")
    service = await startTestService({
      env: async (modelUrl) => {
        claudeHome = await createClaudeHome({ modelUrl })
        return { ...claudeHome.env, SESSIONS: folder.path }
      },
    })
    const settings = { cli, backend, env: ["SESSIONS"] }
    const { agent } = await service.roster.hire({ role: "engineer", name: "eve", settings })
    expect(agent.readiness).toEqual({ isReady: true })
  })
  afterAll(async () => {
    if (cli === null) return
    await service.stop()
    await claudeHome.remove()
    await folder.remove()
  })

  const teamCallsOf = (response: Response) =>
    response.output.filter((item) => item.type === "mcp_call").filter((item) => item.server_label === "team")
  const ask = (message: string): string =>
    `[[tool:ask_agent:${JSON.stringify({ agent: "manager", message })}]]`
  /** All that the CLI or its model was told. */
  const told = (): string =>
    backend === "acp"
      ? readFileSync(join(folder.path, "prompts"), "utf8")
      : JSON.stringify(service.model.requests.map(({ posted }) => posted))

  it.skipIf(cli === null)("keep a fact, and give a real turn of another agent with its usage", async () => {
    const fact = "eve likes plums"
    const remember = `[[tool:remember:${JSON.stringify({ fact })}]]`
    const asked = ask("[[usage:11:0:7:0]][[shell:pwd]][[say:the manager's answer]]")
    const response = await service.client.responses.create({
      model: "eve",
      input: `${remember}[[then]]${asked}[[say:eve is done]]`,
    })
    expect(response.output_text).toContain("eve is done")
    expect(teamCallsOf(response)).toMatchObject([
      { name: "remember", output: "It is in your memory.", status: "completed" },
      { name: "ask_agent", status: "completed" },
    ])
    const memory = readFileSync(join(service.home, "engineer_eve/memory/memory.md"), "utf8")
    expect(memory).toMatch(/- \d{4}-\d\d-\d\d: eve likes plums\n$/)
    const shown = JSON.parse(teamCallsOf(response)[1]?.output ?? "{}")
    expect(shown).toMatchObject({
      agent: "manager",
      answer: "the manager's answer",
      usage: { input_tokens: 22, output_tokens: 14 },
    })
    const theirs = await service.client.responses.retrieve(shown.response_id)
    expect(theirs.metadata).toEqual({ asked_by: "engineer_eve", asked_in: response.id })
    expect(JSON.stringify(theirs.output)).toContain(join(service.home, "manager"))
    // The next thread begins with it.
    await service.client.responses.create({ model: "eve", input: "[[say:well]]" })
    expect(told()).toMatch(/- \d{4}-\d\d-\d\d: eve likes plums/)
  })

  it.skipIf(cli === null)("interrupt the other agent with the turn that asks", async () => {
    const runningOf = (id: string) => service.roster.list().find((agent) => agent.id === id)?.runningTurns
    const abort = new AbortController()
    const asking = service.client.responses
      .create({ model: "eve", input: `${ask("[[shell:sleep 600]]")}[[say:never]]` }, { signal: abort.signal })
      .catch((error: unknown) => error)
    await waitFor(() => runningOf("manager") === 1, { what: "the manager to work", timeoutMs: 30_000 })
    abort.abort()
    await asking
    await waitFor(() => runningOf("manager") === 0 && runningOf("engineer_eve") === 0, {
      what: "both to end",
      timeoutMs: 30_000,
    })
  })
})
