import { Agent } from "node:http"
import { AppServerClient } from "../app-server-client.ts"
import type { BenchContext } from "../bench-context.ts"
import { type Row, ratioRow } from "../result.ts"
import { type ServiceProcess, startDaemon } from "../support/service-process.ts"
import { type StreamOptions, streamPost } from "../support/sse-request.ts"
import { median } from "../support/statistics.ts"

const prompt = "call=1 deltas=100 size=16"
const description = "Adds two and two."
const parameters = { type: "object", properties: {}, additionalProperties: false }
const tools = [{ type: "function", name: "add", description, parameters }]
const dynamicTools = [{ type: "function", name: "add", description, inputSchema: parameters }]

/**
 * The agent calls a function of the client, which answers at once, and then says 100 deltas: by hand on the pipes of the
 * app-server, and through the service, where it takes two requests, and the turn is parked in between.
 */
export async function measureFunctionRoundTrip({
  installation,
  newFolder,
  isQuick,
}: BenchContext): Promise<Row[]> {
  const [warmUps, rounds] = isQuick ? [50, 50] : [200, 500]
  const folder = await newFolder("raw")
  const raw = new AppServerClient(installation.appServerStub, folder, process.env, dynamicTools)
  const daemon = await startDaemon(installation, {
    folder: await newFolder("daemon"),
    cli: installation.appServerStub,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const rawMs: number[] = []
  const oursMs: number[] = []
  try {
    await raw.initialize()
    for (let round = 0; round < warmUps + rounds; round += 1) {
      const startedAt = performance.now()
      await raw.runTurn(folder, prompt)
      const byHandMs = performance.now() - startedAt
      const throughServiceMs = await roundTrip(daemon, { agent, keepsBody: true })
      if (round < warmUps) continue
      rawMs.push(byHandMs)
      oursMs.push(throughServiceMs)
    }
  } finally {
    agent.destroy()
    raw.stop()
    await daemon.stop()
  }
  return [
    ratioRow(
      {
        id: "function-round-trip",
        name: "Function round trip, to the app-server by hand",
        unit: "ms",
        goal: { atMost: 4 },
        note: "two requests, with the turn parked in between",
      },
      median(oursMs),
      median(rawMs),
    ),
  ]
}

async function roundTrip(service: ServiceProcess, options: StreamOptions): Promise<number> {
  const called = await streamPost(service, { input: prompt, tools }, options)
  const callId = /"call_id":"([^"]+)"/.exec(Buffer.concat(called.body).toString("utf8"))?.[1]
  if (callId === undefined || called.responseId === null) throw new Error("the agent called no function")
  const input = [{ type: "function_call_output", call_id: callId, output: "4" }]
  const previous = { ...options, previousResponseId: called.responseId }
  const answered = await streamPost(service, { input, tools }, previous)
  if (answered.deltas !== 100) throw new Error(`${answered.deltas} of 100 deltas came after the call`)
  return called.totalMs + answered.totalMs
}
