import { join } from "node:path"
import type { Asker, Bench, RealClient } from "../real-client.ts"
import { startRelay } from "../support/relay.ts"
import { OpenWebUiChat } from "./chat.ts"
import { type ConnectionSettings, documentedHeaders, type OpenWebUi, startOpenWebUi } from "./server.ts"
import { checkTurns, weatherTool } from "./turns.ts"

export const client: RealClient = {
  programs: ["open-webui 0.12.4, without what computes embeddings"],
  limitMinutes: 40,
  run: async (bench) => {
    const environment = await installed(bench)
    if (environment === null) return
    const service = await bench.startService()
    const recorder = await bench.record(service.url)
    const webUi = await startOpenWebUi(bench, environment)
    await webUi.call("/api/v1/tools/create", weatherTool)
    for (const [kind, settings] of Object.entries(kinds)) {
      await webUi.connect({ [`${recorder.url}/v1`]: settings })
      await checkTurns({ bench, service, recorder, webUi, kind })
    }
  },
  askers: async (bench) => {
    const environment = await installed(bench)
    return environment === null ? [] : askersOf(bench, await startOpenWebUi(bench, environment))
  },
}

const installed = (bench: Bench) =>
  bench.pythonEnvironment(join(import.meta.dirname, "requirements.txt"), { isWhole: true })

const kinds: Readonly<Record<string, ConnectionSettings>> = {
  "no headers": {},
  "the documented headers": documentedHeaders,
  Responses: { ...documentedHeaders, api_type: "responses" },
}

/** By one server, which takes long to start; so each has a connection of its own, whose address leads to who is asked. */
async function askersOf(bench: Bench, webUi: OpenWebUi): Promise<Asker[]> {
  const ways = { chat: documentedHeaders, responses: { ...documentedHeaders, api_type: "responses" } }
  const doors = await Promise.all(
    Object.entries(ways).map(async ([way, settings]) => ({ way, settings, relay: await startRelay() })),
  )
  for (const { relay } of doors) bench.atEnd(relay.close)
  // Nobody is there yet to tell which models there are.
  const connections = doors.map(({ way, settings, relay }) => {
    const more = { prefix_id: way, model_ids: ["manager"] }
    return [`${relay.url}/v1`, { ...settings, ...more }] as const
  })
  await webUi.connect(Object.fromEntries(connections))
  return doors.map(({ way, relay }) => ({
    name: `${way}, streamed`,
    ask: async (baseUrl, text, limitMs) => {
      relay.pointTo(baseUrl)
      const chat = new OpenWebUiChat(webUi)
      await chat.send(text, { model: `${way}.manager` })
      return { code: 0, stdout: await chat.answer(limitMs), stderr: "", isOverLimit: false }
    },
  }))
}
