import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, it, vi } from "vitest"
import { type ClaudeHome, createClaudeHome } from "../support/claude-home.ts"
import { codexExecutable } from "../support/codex-binary.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { startTestService, type TestService } from "../support/test-service.ts"
import { waitFor } from "../support/wait-for.ts"

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const claude = testCli("claude")
let service: TestService | null = null
let home: ClaudeHome | null = null

afterEach(async () => {
  await service?.stop()
  await home?.remove()
})

/** Edits the manager's control file, as a person does, until the service has it. */
async function changeCli({ home: folder, roster }: TestService, cli: string, backend: string): Promise<void> {
  const file = join(folder, "manager", "control", "agent.json")
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), cli }, null, 2))
  const isThere = () =>
    roster
      .list()
      .some((agent) => agent.id === "manager" && agent.backend === backend && agent.readiness.isReady)
  await waitFor(isThere, { what: `the manager to be on ${backend}`, timeoutMs: 60_000 })
}

function serversOf(items: readonly object[]): readonly string[] {
  return items.flatMap((item) => ("server_label" in item ? [String(item.server_label)] : []))
}

/** The server of each event of a stored answer that names one. */
async function replayed({ client }: TestService, id: string): Promise<readonly string[]> {
  const servers: string[] = []
  for await (const event of await client.responses.retrieve(id, { stream: true })) {
    if ("item" in event) servers.push(...serversOf([event.item]))
  }
  return servers
}

describe.skipIf(claude === null)(
  claude === null ? missingCli("claude") : "an agent that gets another CLI",
  () => {
    it("goes on with its conversations: begun on codex, on claude, and on codex again", async () => {
      service = await startTestService({
        env: async (modelUrl) => {
          home = await createClaudeHome({ modelUrl })
          return home.env
        },
      })
      const { client, model } = service
      const lookUp = {
        type: "function",
        name: "look_up",
        description: "Looks something up",
        parameters: { type: "object", properties: {}, additionalProperties: false },
        strict: true,
      } as const
      const tools = [lookUp]
      const first = await client.responses.create({
        tools,
        input: "[[shell:echo painted]][[say:The wall is teal.]]",
      })
      const calling = await client.responses.create({
        tools,
        previous_response_id: first.id,
        input: "[[tool:look_up:{}]][[say:It is dry.]]",
      })
      const call = calling.output.find((item) => item.type === "function_call")
      const second = await client.responses.create({
        tools,
        previous_response_id: calling.id,
        input: [{ type: "function_call_output", call_id: call?.call_id ?? "", output: "dry since noon" }],
      })
      expect([first.output_text, second.output_text]).toEqual(["The wall is teal.", "It is dry."])
      expect(serversOf(first.output)).toEqual(["codex"])

      await changeCli(service, claude ?? "", "claude")
      // Whose work it was does not change with the agent's CLI.
      expect((await client.responses.retrieve(first.id)).output).toEqual(first.output)
      expect(await replayed(service, first.id)).toEqual(["codex", "codex"])
      const third = await client.responses.create({
        tools,
        previous_response_id: second.id,
        input: "[[history]]",
      })
      const said = [
        { role: "user", text: "[[shell:echo painted]][[say:The wall is teal.]]" },
        { role: "assistant", text: "The wall is teal." },
        { role: "user", text: "[[tool:look_up:{}]][[say:It is dry.]]" },
        { role: "assistant", text: "It is dry." },
        { role: "user", text: "[[history]]" },
      ]
      expect(JSON.parse(third.output_text)).toEqual(said)
      const request = model.requests.at(-1)
      expect(request?.path).toMatch(/^\/v1\/messages/)
      // The command and the client's answer are known as what they were.
      expect(JSON.stringify(request?.posted)).toContain("painted")
      expect(JSON.stringify(request?.posted)).toContain("dry since noon")

      await changeCli(service, codexExecutable(), "codex")
      const fourth = await client.responses.create({
        tools,
        previous_response_id: third.id,
        input: "[[history]]",
      })
      expect(model.requests.at(-1)?.path).toBe("/v1/responses")
      const whole = [
        ...said,
        { role: "assistant", text: third.output_text },
        { role: "user", text: "[[history]]" },
      ]
      expect(JSON.parse(fourth.output_text)).toEqual(whole)
    })
  },
)
