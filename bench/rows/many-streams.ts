import { Agent } from "node:http"
import type { BenchContext } from "../bench-context.ts"
import type { Figures, Measurement, Side } from "../measurement.ts"
import { p99Tolerance } from "../row.ts"
import { cpuMs, hasMemoryFigures } from "../support/memory.ts"
import { type ServiceProcess, startBare, startDaemon } from "../support/service-process.ts"
import { streamTurn } from "../support/sse-request.ts"
import { quantile } from "../support/statistics.ts"

const streams = 128
const deltas = 100
const prompt = `deltas=${deltas} size=16`

/** 128 clients, each of which asks again as soon as it has its answer. */
export function measureManyStreams({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  const turnsEach = isQuick ? 2 : 8
  const sideOf = (service: ServiceProcess): Side => ({
    measure: () => burst(service, turnsEach),
    stop: () => service.stop(),
  })
  return [
    {
      rounds: isQuick ? 6 : 12,
      warmUps: 1,
      openReference: async () => sideOf(await startBare(installation, await newFolder("bare"))),
      openBuild: async (build) => {
        const folder = await newFolder("daemon")
        return sideOf(await startDaemon(build, { folder, cli: installation.appServerStub }))
      },
      rows: [
        {
          name: `${streams} streams at once`,
          unit: "turns/s",
          figure: "turnsPerSecond",
          goalOf: "ratio",
          goal: { atLeast: 0.75 },
        },
        {
          name: `${streams} streams, first content p99`,
          unit: "ms",
          figure: "firstP99Ms",
          goalOf: "ratio",
          goal: { atMost: 2 },
          tolerance: p99Tolerance,
        },
        {
          name: `${streams} streams, processor time of a turn`,
          unit: "ms",
          figure: "cpuMs",
          goalOf: "ratio",
          goal: { atMost: 1.3 },
          ...(!hasMemoryFigures && { note: "needs Linux" }),
        },
        {
          name: `${streams} streams, errors`,
          unit: "",
          figure: "errors",
          goalOf: "figure",
          goal: { atMost: 0 },
          isHard: true,
          typical: (values) => values.reduce((sum, value) => sum + value, 0),
        },
      ],
    },
  ]
}

async function burst(target: ServiceProcess, turnsEach: number): Promise<Figures> {
  const agent = new Agent({ keepAlive: true, maxSockets: streams })
  const firsts: number[] = []
  let errors = 0
  const client = async (): Promise<void> => {
    for (let turn = 0; turn < turnsEach; turn += 1) {
      try {
        const result = await streamTurn(target, prompt, { agent })
        firsts.push(result.firstMs)
        if (result.deltas !== deltas) errors += 1
      } catch {
        // Counted: any error at all misses a hard goal.
        errors += 1
      }
    }
  }
  const cpuBefore = hasMemoryFigures ? cpuMs(target.pid) : 0
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: streams }, client))
  const seconds = (performance.now() - startedAt) / 1000
  agent.destroy()
  return {
    turnsPerSecond: firsts.length / seconds,
    firstP99Ms: quantile(firsts, 0.99),
    errors,
    ...(hasMemoryFigures && { cpuMs: (cpuMs(target.pid) - cpuBefore) / firsts.length }),
  }
}
