import { Agent } from "node:http"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement } from "../measurement.ts"
import { startBare, startDaemon } from "../support/service-process.ts"
import { replayStream, streamTurn } from "../support/sse-request.ts"

const deltas = 20_000
const prompt = `deltas=${deltas} size=8`
/** `created`, `in_progress`, `item.added` and `part.added` come before the first delta. */
const eventsBefore = 4
const seen = deltas / 2

/**
 * A stored stream is taken up again in its middle, after its end: deltas a second, against C, which has no store and can
 * only stream as the agent speaks.
 */
export function measureReplay({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  return [
    {
      rounds: isQuick ? 6 : 60,
      warmUps: 1,
      openReference: async () => {
        const bare = await startBare(installation, await newFolder("bare"))
        const agent = new Agent({ keepAlive: true, maxSockets: 8 })
        return {
          measure: async () => {
            const live = await streamTurn(bare, prompt, { agent })
            return { rate: (live.deltas / live.totalMs) * 1000 }
          },
          stop: async () => {
            agent.destroy()
            await bare.stop()
          },
        }
      },
      openBuild: async (build) => {
        const folder = await newFolder("daemon")
        const daemon = await startDaemon(build, { folder, cli: installation.appServerStub })
        const agent = new Agent({ keepAlive: true, maxSockets: 8 })
        const { responseId } = await streamTurn(daemon, prompt, { agent })
        if (responseId === null) throw new Error("the stream named no response")
        return {
          measure: async () => {
            const replayed = await replayStream(daemon, responseId, eventsBefore + seen - 1, { agent })
            if (replayed.deltas !== deltas - seen) throw new Error(`${replayed.deltas} deltas were replayed`)
            return { rate: (replayed.deltas / replayed.totalMs) * 1000 }
          },
          stop: async () => {
            agent.destroy()
            await daemon.stop()
          },
        }
      },
      rows: [
        {
          name: "Replay of a stored stream from its middle",
          unit: "deltas/s",
          figure: "rate",
          goalOf: "ratio",
          goal: { atLeast: 0.5 },
          note: "against C's rate while the agent speaks",
        },
      ],
    },
  ]
}
