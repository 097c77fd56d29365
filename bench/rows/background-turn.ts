import { Agent } from "node:http"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement } from "../measurement.ts"
import { getJson, postJson } from "../support/json-request.ts"
import { medianOf } from "../support/median-of.ts"
import { type ServiceProcess, startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"
import { timeOf } from "../support/time-of.ts"

const prompt = "deltas=100 size=16"
const turnsARound = 10
const maxPolls = 10_000

/**
 * A background turn from its request to the first `GET` that says `completed`, asked for again and again: what is told has been
 * stored by then. Against a streamed turn of the same build.
 */
export function measureBackgroundTurn({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  return [
    {
      rounds: isQuick ? 6 : 50,
      warmUps: isQuick ? 2 : 10,
      openReference: null,
      openBuild: async (build) => {
        const folder = await newFolder("daemon")
        const service = await startDaemon(build, { folder, cli: installation.appServerStub })
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        const streamed = async (): Promise<number> => (await streamTurn(service, prompt, { agent })).totalMs
        const polled = (): Promise<number> => timeOf(() => runToItsEnd(service, agent))
        return {
          measure: async () => ({
            streamedMs: await medianOf(turnsARound, streamed),
            polledMs: await medianOf(turnsARound, polled),
          }),
          stop: async () => {
            agent.destroy()
            await service.stop()
          },
        }
      },
      rows: [
        {
          name: "Background turn to `completed`, to a streamed one",
          unit: "ms",
          figure: "polledMs",
          against: "streamedMs",
          goalOf: "ratio",
          goal: { atMost: 2.5 },
          note: "polled without a pause; against our own streamed turn",
        },
      ],
    },
  ]
}

async function runToItsEnd(service: ServiceProcess, agent: Agent): Promise<void> {
  const { id } = await postJson(service, agent, "/v1/responses", {
    model: "manager",
    input: prompt,
    background: true,
  })
  for (let poll = 0; poll < maxPolls; poll += 1) {
    const { status } = await getJson(service, agent, `/v1/responses/${id}`)
    if (status === "completed") return
    if (status !== "queued" && status !== "in_progress") throw new Error(`the turn ended as ${status}`)
  }
  throw new Error(`the turn did not end within ${maxPolls} polls`)
}
