import { Agent } from "node:http"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement } from "../measurement.ts"
import { type ServiceProcess, startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"
import { median } from "../support/statistics.ts"

const prompt = "deltas=100 size=16"
const turnsARound = 5

/**
 * A conversation over `previous_response_id` is brought to its thousandth turn; then a turn of it and the second one of
 * a new conversation take turns. The second, not the first, because that one opens the thread and costs more.
 */
export function measureConversation({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  const turns = isQuick ? 200 : 1000
  return [
    {
      rounds: isQuick ? 12 : 50,
      warmUps: 0,
      openReference: null,
      openBuild: async (build) => {
        const folder = await newFolder("daemon")
        const service = await startDaemon(build, { folder, cli: installation.appServerStub })
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        let last = await turnAfter(service, agent, null)
        for (let turn = 1; turn < turns; turn += 1) last = await turnAfter(service, agent, last.id)
        return {
          measure: async () => {
            const [early, late]: [number[], number[]] = [[], []]
            for (let turn = 0; turn < turnsARound; turn += 1) {
              const first = await turnAfter(service, agent, null)
              early.push((await turnAfter(service, agent, first.id)).totalMs)
              last = await turnAfter(service, agent, last.id)
              late.push(last.totalMs)
            }
            return { earlyMs: median(early), lateMs: median(late) }
          },
          stop: async () => {
            agent.destroy()
            await service.stop()
          },
        }
      },
      rows: [
        {
          name: `Turn ${turns} of a conversation, to turn 2`,
          unit: "ms",
          figure: "lateMs",
          against: "earlyMs",
          goalOf: "ratio",
          goal: { atMost: 1.15 },
          note: "against our own early turn",
        },
      ],
    },
  ]
}

async function turnAfter(
  service: ServiceProcess,
  agent: Agent,
  previous: string | null,
): Promise<{ readonly id: string; readonly totalMs: number }> {
  const { responseId, totalMs } = await streamTurn(service, prompt, {
    agent,
    ...(previous === null ? {} : { previousResponseId: previous }),
  })
  if (responseId === null) throw new Error("the stream named no response")
  return { id: responseId, totalMs }
}
