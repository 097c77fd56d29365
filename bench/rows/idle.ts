import { setTimeout as delay } from "node:timers/promises"
import type { BenchContext } from "../bench-context.ts"
import type { Measurement } from "../measurement.ts"
import { hasMemoryFigures, residentMb } from "../support/memory.ts"
import { type ServiceProcess, startBare, startDaemon } from "../support/service-process.ts"
import { quantile } from "../support/statistics.ts"
import { storeResponses } from "../support/store-responses.ts"

const storedResponses = 10_000
const settleMs = 1500
/** Every so many rounds the memory is read too, which takes longer. */
const weighEvery = 3

/** Start to the first good answer of `/health`, and the memory of a service that nobody has asked for anything. */
export function measureIdle({ installation, newFolder, isQuick }: BenchContext): Measurement[] {
  const weighs = (round: number): boolean => hasMemoryFigures && round % weighEvery === 0
  const cli = installation.appServerStub
  return [
    {
      rounds: isQuick ? 6 : 21,
      warmUps: 0,
      openReference: async () => {
        const folder = await newFolder("bare")
        return {
          measure: (round) => startOnce(() => startBare(installation, folder), weighs(round)),
          stop: async () => {},
        }
      },
      openBuild: async (build) => {
        const [empty, full] = [await newFolder("empty"), await newFolder("full")]
        const startIn = (folder: string) => (): Promise<ServiceProcess> => startDaemon(build, { folder, cli })
        // The home is made by the first start: users start it once, and then again and again.
        await (await startIn(empty)()).stop()
        await storeResponses(build, { folder: full, cli, count: storedResponses })
        return {
          measure: async (round) => {
            const figures = await startOnce(startIn(empty), weighs(round))
            return { ...figures, fullMs: (await startOnce(startIn(full), false)).startMs }
          },
          stop: async () => {},
        }
      },
      rows: [
        {
          name: "Idle memory",
          unit: "MB",
          figure: "memoryMb",
          goalOf: "ratio",
          goal: { atMost: 1.5 },
          ...(!hasMemoryFigures && { note: "needs Linux" }),
        },
        {
          name: "Start to healthy",
          unit: "ms",
          figure: "startMs",
          goalOf: "ratio",
          goal: { atMost: 3 },
          typical: floor,
        },
        {
          name: "Start with 10,000 stored responses, to an empty one",
          unit: "ms",
          figure: "fullMs",
          against: "startMs",
          goalOf: "ratio",
          goal: { atMost: 1.1 },
          isHard: true,
          typical: floor,
          note: "against our own start with an empty ledger",
        },
      ],
    },
  ]
}

async function startOnce(
  start: () => Promise<ServiceProcess>,
  isWeighed: boolean,
): Promise<{ readonly startMs: number; readonly memoryMb?: number }> {
  const service = await start()
  // Let the stub come up too: what it costs to greet it is part of being idle, and no start is to overlap the next.
  await delay(isWeighed ? settleMs : 150)
  const memory = isWeighed ? { memoryMb: residentMb(service.pid) } : {}
  await service.stop()
  return { startMs: service.startMs, ...memory }
}

/** What else runs on the machine only ever adds to a start, and the hard row must not fail for it. */
function floor(values: readonly number[]): number {
  return quantile(values, 0.25)
}
