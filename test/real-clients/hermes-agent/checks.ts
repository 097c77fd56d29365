import { join } from "node:path"
import type { RealClient } from "../real-client.ts"
import { checkFailures, checkHermes, type Hermes, hermesIn } from "./hermes.ts"
import { checkSideRequests } from "./side-requests.ts"

/** The ways of docs/clients/hermes-agent.md. Over Responses it asks for nothing to be kept: each turn has a thread of its own. */
const ways = [
  { name: "chat", transport: "chat_completions", threads: 1 },
  { name: "responses", transport: "codex_responses", threads: 2 },
] as const

export const client: RealClient = {
  programs: ["hermes-agent 0.19.0"],
  limitMinutes: 30,
  run: async (bench) => {
    const environment = await bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))
    if (environment === null) return
    const service = await bench.startService()
    for (const way of ways) {
      const hermes = await hermesIn(bench, environment, way)
      await checkHermes(bench, service, hermes)
      await checkFailures(bench, service, hermes)
      await checkSideRequests(bench, service, hermes)
    }
  },
  askers: async (bench) => {
    const environment = await bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"))
    if (environment === null) return []
    const all: Hermes[] = []
    for (const way of ways)
      all.push(await hermesIn(bench, environment, { ...way, name: `silent-${way.name}` }))
    return all.map((hermes) => ({
      name: hermes.way.name.replace("silent-", ""),
      ask: async (baseUrl, text, limitMs) => {
        await hermes.configure(baseUrl)
        return bench.run({ ...hermes.program(["-z", text]), limitMs })
      },
    }))
  },
}
