import { join } from "node:path"
import OpenAI from "openai"
import { testCli } from "../../support/test-clis.ts"
import type { Asker, Bench, RealClient } from "../real-client.ts"
import { startRelay } from "../support/relay.ts"
import { checkChat } from "./chat.ts"
import { checkClaudeCode } from "./claude-code.ts"
import { startLiteLlm } from "./gateway.ts"
import { checkMessages } from "./messages.ts"
import { checkResponses } from "./responses.ts"

export const client: RealClient = {
  programs: ["LiteLLM 1.108.7 (proxy)", "claude-code behind its Anthropic door"],
  limitMinutes: 30,
  run: async (bench) => {
    const environment = await installed(bench)
    if (environment === null) return
    const service = await bench.startService()
    const gateway = await startLiteLlm(bench, environment, { manager: service.baseUrl })
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 })
    await checkChat(bench, service, openai)
    await checkResponses(bench, service, openai)
    await checkMessages(bench, service, gateway)
    const claude = testCli("claude")
    if (claude === null) bench.skip("claude-code", "sh scripts/install-test-clis.sh")
    else await checkClaudeCode(bench, service, { ...gateway, command: claude })
  },
  askers: async (bench) => {
    const environment = await installed(bench)
    return environment === null ? [] : askersOf(bench, environment)
  },
}

const installed = (bench: Bench) => bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))

/** By one gateway, which takes long to start; so each has a model of its own in it, whose address leads to who is asked. */
async function askersOf(bench: Bench, environment: string): Promise<Asker[]> {
  const ways = ["chat", "responses"].flatMap((way) => ["whole", "streamed"].map((kind) => ({ way, kind })))
  const doors = await Promise.all(
    ways.map(async ({ way, kind }) => ({ way, kind, model: `${way}-${kind}`, relay: await startRelay() })),
  )
  for (const { relay } of doors) bench.atEnd(relay.close)
  const baseUrls = Object.fromEntries(doors.map(({ model, relay }) => [model, `${relay.url}/v1`]))
  const { url, key } = await startLiteLlm(bench, environment, baseUrls)
  return doors.map(({ way, kind, model, relay }) => ({
    name: `${way}, ${kind}`,
    ask: (baseUrl, text, limitMs) => {
      relay.pointTo(baseUrl)
      return bench.run({
        command: join(environment, "bin/python"),
        args: [join(import.meta.dirname, "client.py"), way, kind, model, text],
        cwd: bench.folder,
        env: { HOME: bench.folder, BASE_URL: `${url}/v1`, OPENAI_API_KEY: key },
        limitMs,
      })
    },
  }))
}
