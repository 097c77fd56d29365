import { Agent } from "node:http"
import type { BenchContext } from "../bench-context.ts"
import { type Row, ratioRow } from "../result.ts"
import { startBare, startDaemon } from "../support/service-process.ts"
import { replayStream, streamTurn } from "../support/sse-request.ts"
import { median } from "../support/statistics.ts"

const deltas = 20_000
const prompt = `deltas=${deltas} size=8`
/** `created`, `in_progress`, `item.added` and `part.added` come before the first delta. */
const eventsBefore = 4

/**
 * A stored stream is taken up again in its middle, after its end: deltas a second, against C, which has no store and can
 * only stream as the agent speaks.
 */
export async function measureReplay({ installation, newFolder, isQuick }: BenchContext): Promise<Row[]> {
  const rounds = isQuick ? 3 : 60
  const bare = await startBare(installation, await newFolder("bare"))
  const daemon = await startDaemon(installation, {
    folder: await newFolder("daemon"),
    cli: installation.appServerStub,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const bareRates: number[] = []
  const replayRates: number[] = []
  try {
    await streamTurn(bare, prompt, { agent })
    const { responseId } = await streamTurn(daemon, prompt, { agent })
    if (responseId === null) throw new Error("the stream named no response")
    const seen = deltas / 2
    for (let round = 0; round < rounds; round += 1) {
      const live = await streamTurn(bare, prompt, { agent })
      const replayed = await replayStream(daemon, responseId, eventsBefore + seen - 1, { agent })
      if (replayed.deltas !== deltas - seen) throw new Error(`${replayed.deltas} deltas were replayed`)
      bareRates.push((live.deltas / live.totalMs) * 1000)
      replayRates.push((replayed.deltas / replayed.totalMs) * 1000)
    }
  } finally {
    agent.destroy()
    await Promise.all([bare.stop(), daemon.stop()])
  }
  return [
    ratioRow(
      {
        id: "replay",
        name: "Replay of a stored stream from its middle",
        unit: "deltas/s",
        goal: { atLeast: 0.5 },
        note: "against C's rate while the agent speaks",
      },
      median(replayRates),
      median(bareRates),
    ),
  ]
}
