import { Agent } from "node:http"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement } from "../measurement.ts"
import { medianOf } from "../support/median-of.ts"
import { startDaemon } from "../support/service-process.ts"
import { streamPost } from "../support/sse-request.ts"

const prompt = "deltas=1 size=16"
const historyChars = 2_000_000
const requestsARound = 3

/**
 * A client sends a conversation again of which the service knows nothing: 2 MB in a thousand exchanges, and the same in one. What
 * both share is reading, storing and telling 2 MB; what they differ by is what the service does for each exchange.
 */
export function measurePlanning({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  return [
    {
      rounds: isQuick ? 6 : 12,
      warmUps: isQuick ? 1 : 2,
      openReference: null,
      openBuild: async (build) => {
        const folder = await newFolder("daemon")
        const service = await startDaemon(build, { folder, cli: installation.appServerStub })
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        let conversations = 0
        const firstMs = async (exchanges: number): Promise<number> => {
          conversations += 1
          const input = [...historyOf(exchanges, conversations), { role: "user", content: prompt }]
          return (await streamPost(service, { input }, { agent })).firstMs
        }
        return {
          measure: async () => ({
            oneMs: await medianOf(requestsARound, () => firstMs(1)),
            thousandMs: await medianOf(requestsARound, () => firstMs(1000)),
          }),
          stop: async () => {
            agent.destroy()
            await service.stop()
          },
        }
      },
      rows: [
        {
          name: "Planning 1,000 unknown exchanges of 2 MB, to one of 2 MB",
          unit: "ms",
          figure: "thousandMs",
          against: "oneMs",
          goalOf: "ratio",
          goal: { atMost: 2 },
          note: "first content; against our own turn with one exchange",
        },
      ],
    },
  ]
}

/** No two conversations have a message in common. */
function historyOf(exchanges: number, conversation: number): readonly object[] {
  const text = "some words ".repeat(historyChars / exchanges / 2 / 11)
  return Array.from({ length: exchanges }, (_, index) => [
    { role: "user", content: `Question ${index} of ${conversation}: ${text}` },
    { role: "assistant", content: `Answer ${index} of ${conversation}: ${text}` },
  ]).flat()
}
