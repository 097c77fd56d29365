import { Agent } from "node:http"
import { AppServerClient } from "../app-server-client.ts"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement } from "../measurement.ts"
import { medianOf } from "../support/median-of.ts"
import { type ServiceProcess, startDaemon } from "../support/service-process.ts"
import { type StreamOptions, streamPost } from "../support/sse-request.ts"
import { timeOf } from "../support/time-of.ts"

const prompt = "call=1 deltas=100 size=16"
const description = "Adds two and two."
const parameters = { type: "object", properties: {}, additionalProperties: false }
const tools = [{ type: "function", name: "add", description, parameters }]
const dynamicTools = [{ type: "function", name: "add", description, inputSchema: parameters }]
const tripsARound = 10

/**
 * The agent calls a function of the client, which answers at once, and then says 100 deltas: by hand on the pipes of the
 * app-server, and through the service, where it takes two requests, and the turn is parked in between.
 */
export function measureFunctionRoundTrip({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  const { appServerStub } = installation
  return [
    {
      rounds: isQuick ? 6 : 50,
      warmUps: isQuick ? 2 : 20,
      openReference: async () => {
        const folder = await newFolder("raw")
        const raw = new AppServerClient(appServerStub, folder, process.env, dynamicTools)
        await raw.initialize()
        const run = (): Promise<number> => timeOf(() => raw.runTurn(folder, prompt))
        return {
          measure: async () => ({ ms: await medianOf(tripsARound, run) }),
          stop: async () => raw.stop(),
        }
      },
      openBuild: async (build) => {
        const daemon = await startDaemon(build, { folder: await newFolder("daemon"), cli: appServerStub })
        const agent = new Agent({ keepAlive: true, maxSockets: 8 })
        const run = (): Promise<number> => roundTrip(daemon, { agent, keepsBody: true })
        return {
          measure: async () => ({ ms: await medianOf(tripsARound, run) }),
          stop: async () => {
            agent.destroy()
            await daemon.stop()
          },
        }
      },
      rows: [
        {
          name: "Function round trip, to the app-server by hand",
          unit: "ms",
          figure: "ms",
          goalOf: "ratio",
          goal: { atMost: 4 },
          note: "two requests, with the turn parked in between",
        },
      ],
    },
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
