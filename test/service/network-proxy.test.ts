import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { type ModelServer, startModelServer } from "../model-server/model-server.ts"
import { createAcpHome } from "../support/acp-homes.ts"
import { createClaudeHome } from "../support/claude-home.ts"
import { createCodexHome } from "../support/codex-home.ts"
import { type NetworkProxy, startNetworkProxy } from "../support/network-proxy.ts"
import { missingCli, testCli } from "../support/test-clis.ts"
import { startTestService, type TestService } from "../support/test-service.ts"

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 })

const others = ["claude", "gemini", "opencode"] as const
const hasCurl = spawnSync("curl", ["--version"]).status === 0

const weather = {
  type: "function",
  name: "get_weather",
  description: "The weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
} as const

/** As docs/team.md has it. */
const documentedCall =
  'curl -sS $AI_AGENT_PROXY_URL/agent-reply -H "Authorization: Bearer $AI_AGENT_PROXY_AGENT_TOKEN" ' +
  `-H 'Content-Type: application/json' -d '{"text": "Half of it is done."}'`

describe("with a proxy of the network, which reaches the model and not this machine", () => {
  let service: TestService
  let proxy: NetworkProxy
  let model: ModelServer
  const cleanUps: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    model = await startModelServer()
    cleanUps.push(() => model.close())
    proxy = await startNetworkProxy({ "model.test": Number(new URL(model.url).port) })
    cleanUps.push(() => proxy.close())
    const outside = "http://model.test/v1"
    const codex = await createCodexHome({ modelUrl: outside })
    cleanUps.push(() => codex.remove())
    const claude = await createClaudeHome({ modelUrl: outside })
    cleanUps.push(() => claude.remove())
    const gemini = await createAcpHome("gemini", outside)
    cleanUps.push(() => gemini.remove())
    const opencode = await createAcpHome("opencode", outside)
    cleanUps.push(() => opencode.remove())
    const env: Record<string, string> = { ...claude.env, ...gemini.env, ...opencode.env, ...codex.env }
    for (const name of ["NO_PROXY", "no_proxy"]) delete env[name]
    for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]) {
      env[name] = proxy.url
      env[name.toLowerCase()] = proxy.url
    }
    service = await startTestService({ env })
    cleanUps.push(() => service.stop())
  })
  afterAll(async () => {
    for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
  })

  it.skipIf(!hasCurl)(
    hasCurl ? "an agent's command speaks to the service by the documented call" : "(curl is not installed)",
    async () => {
      const response = await service.client.responses.create({
        model: "manager",
        input: `[[shell:${documentedCall}]][[say:done]]`,
      })
      expect(response.output_text).toContain("done")
      expect(response.output.filter((item) => item.type === "message")[0]).toMatchObject({
        phase: "commentary",
        content: [{ text: "Half of it is done." }],
      })
      expect(proxy.reached).toContainEqual(expect.stringMatching(/^model\.test/))
      expect(proxy.refused.filter((authority) => authority.startsWith("127."))).toEqual([])
    },
  )

  it("our own commands do not go through it, whatever the shell makes of Node and its exceptions", async () => {
    const variables = "export NODE_USE_ENV_PROXY=1; unset NO_PROXY no_proxy"
    const response = await service.client.responses.create({
      model: "manager",
      input:
        `[[shell:${variables}; "$AI_AGENT_PROXY_COMMAND" reply It is said.; echo reply $?; ` +
        '"$AI_AGENT_PROXY_COMMAND" status; echo status $?]][[say:done]]',
    })
    expect(JSON.stringify(response.output)).toMatch(/reply 0.*status 0/s)
  })

  for (const name of others) {
    const cli = testCli(name)
    it.skipIf(cli === null)(
      cli === null
        ? missingCli(name)
        : `${name} has the team's tools, the client's functions and our commands`,
      async () => {
        const settings = { cli, model: name === "gemini" ? "gemini-2.5-flash" : null }
        const { agent } = await service.roster.hire({ role: "engineer", name, settings })
        expect(agent.readiness).toEqual({ isReady: true })
        const called = await service.client.responses.create({
          model: agent.id,
          input:
            '[[tool:remember:{"fact":"plums"}]][[then]][[tool:get_weather:{"city":"Oslo"}]][[say:it is told]]',
          tools: [weather],
        })
        expect(called.output).toContainEqual(
          expect.objectContaining({ type: "mcp_call", name: "remember", output: "It is in your memory." }),
        )
        const call = called.output.find((item) => item.type === "function_call")
        expect(call).toMatchObject({ name: "get_weather" })
        const answered = await service.client.responses.create({
          model: agent.id,
          previous_response_id: called.id,
          tools: [weather],
          input: [{ type: "function_call_output", call_id: call?.call_id ?? "", output: "sunny" }],
        })
        expect(answered.output_text).toContain("it is told")
        // A home that is not the default one.
        await service.client.responses.create({
          model: agent.id,
          input: `[[shell:"$AI_AGENT_PROXY_COMMAND" remember manager ${name} was here.]][[say:done]]`,
        })
        const memory = readFileSync(join(service.home, "manager/memory/memory.md"), "utf8")
        expect(memory).toContain(`${name} was here.`)
        expect(proxy.refused.filter((authority) => authority.startsWith("127."))).toEqual([])
      },
    )
  }
})
