import { Agent } from "node:http"
import { AppServerClient } from "../app-server-client.ts"
import type { BenchContext } from "../bench-context.ts"
import { type Row, ratioRow } from "../result.ts"
import { startBare, startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"
import { median } from "../support/statistics.ts"

const prompt = "deltas=100 size=16"

/** What a warm turn in a new thread costs on top of the same turn by hand: raw, C and ours take turns. */
export async function measureWarmTurn({ installation, newFolder, isQuick }: BenchContext): Promise<Row[]> {
  const [warmUps, rounds] = isQuick ? [100, 100] : [400, 1000]
  const folder = await newFolder("raw")
  const raw = new AppServerClient(installation.appServerStub, folder, process.env)
  const bare = await startBare(installation, await newFolder("bare"))
  const daemon = await startDaemon(installation, {
    folder: await newFolder("daemon"),
    cli: installation.appServerStub,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const bareAdded: number[] = []
  const oursAdded: number[] = []
  try {
    await raw.initialize()
    for (let round = 0; round < warmUps + rounds; round += 1) {
      const startedAt = performance.now()
      await raw.runTurn(folder, prompt)
      const rawMs = performance.now() - startedAt
      const first = round % 2 === 0
      const a = await streamTurn(first ? bare : daemon, prompt, { agent })
      const b = await streamTurn(first ? daemon : bare, prompt, { agent })
      if (round < warmUps) continue
      bareAdded.push((first ? a : b).totalMs - rawMs)
      oursAdded.push((first ? b : a).totalMs - rawMs)
    }
  } finally {
    agent.destroy()
    raw.stop()
    await Promise.all([bare.stop(), daemon.stop()])
  }
  return [
    ratioRow(
      {
        id: "warm-turn",
        name: "Warm turn, time added to raw app-server",
        unit: "ms",
        goal: { atMost: 2.5 },
        note: "auth and store on; against C's added time",
      },
      median(oursAdded),
      median(bareAdded),
    ),
  ]
}
