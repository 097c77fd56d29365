import { readFile } from "node:fs/promises"
import { Agent } from "node:http"
import { join } from "node:path"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement, Side } from "../measurement.ts"
import { type ServiceProcess, startBare, startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"

const prompt = "deltas=100 size=16"
/** Before what counts: code is compiled by then, and what is kept has its size. */
const warmUpTurns = 300
const tracing = ["--trace-gc", "--trace-gc-nvp"]

/** What V8 allocates for a turn, as its own trace of collections tells: what is told of the last one is left out. */
export function measureAllocations({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  const turnsARound = isQuick ? 200 : 1000
  const sideOf = async (service: ServiceProcess, log: string): Promise<Side> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const run = async (turns: number): Promise<number> => {
      const before = await allocatedIn(log)
      for (let turn = 0; turn < turns; turn += 1) await streamTurn(service, prompt, { agent })
      return (await allocatedIn(log)) - before
    }
    await run(warmUpTurns)
    return {
      measure: async () => ({ kilobytes: (await run(turnsARound)) / turnsARound / 1000 }),
      stop: async () => {
        agent.destroy()
        await service.stop()
      },
    }
  }
  return [
    {
      rounds: isQuick ? 1 : 6,
      warmUps: 0,
      openReference: async () => {
        const folder = await newFolder("bare")
        return sideOf(await startBare(installation, folder, tracing), join(folder, "bare.log"))
      },
      openBuild: async (build) => {
        const folder = await newFolder("daemon")
        const options = { folder, cli: installation.appServerStub, nodeOptions: tracing }
        return sideOf(await startDaemon(build, options), join(folder, "daemon.log"))
      },
      rows: [
        {
          name: "Allocated for a turn of 100 deltas",
          unit: "kB",
          figure: "kilobytes",
          goalOf: "figure",
          goal: { atMost: 150 },
          note: `by V8's own trace, over ${turnsARound} turns a round`,
        },
      ],
    },
  ]
}

/** Bytes that were allocated up to the newest collection of a process that traces them to this file. */
async function allocatedIn(log: string): Promise<number> {
  const text = await readFile(log, "latin1")
  return [...text.matchAll(/ allocated=(\d+)/g)].reduce((sum, [, bytes]) => sum + Number(bytes), 0)
}
