import { setTimeout as delay } from "node:timers/promises"
import type { BenchContext } from "../bench-context.ts"
import { type Row, ratioRow, unmeasuredRow } from "../result.ts"
import { hasMemoryFigures, residentMb } from "../support/memory.ts"
import { type ServiceProcess, startBare, startDaemon } from "../support/service-process.ts"
import { median, quantile } from "../support/statistics.ts"
import { storeResponses } from "../support/store-responses.ts"

const storedResponses = 10_000
const settleMs = 1500

/** Start to the first good answer of `/health`, and the memory of a service that nobody has asked for anything. */
export async function measureIdle(context: BenchContext): Promise<Row[]> {
  const { installation, newFolder, isQuick } = context
  const rounds = isQuick ? 5 : 20
  const empty = await newFolder("empty")
  const full = await newFolder("full")
  const bareFolder = await newFolder("bare")
  const startC = (): Promise<ServiceProcess> => startBare(installation, bareFolder)
  const startIn = (folder: string) => (): Promise<ServiceProcess> =>
    startDaemon(installation, { folder, cli: installation.appServerStub })
  // The home is made by the first start: users start it once, and then again and again.
  for (const folder of [empty, full]) await (await startIn(folder)()).stop()
  await storeResponses(full, storedResponses)

  const bareMs: number[] = []
  const emptyMs: number[] = []
  const fullMs: number[] = []
  const bareMb: number[] = []
  const emptyMb: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const weighs = hasMemoryFigures && round % 3 === 0
    await startOnce(startC, bareMs, weighs ? bareMb : null)
    await startOnce(startIn(empty), emptyMs, weighs ? emptyMb : null)
    await startOnce(startIn(full), fullMs, null)
  }
  const memory = { id: "idle-memory", name: "Idle memory", unit: "MB", goal: { atMost: 1.5 }, noise: 0.03 }
  return [
    hasMemoryFigures
      ? ratioRow(memory, median(emptyMb), median(bareMb))
      : unmeasuredRow({ ...memory, note: "needs Linux" }),
    ratioRow(
      { id: "start", name: "Start to healthy", unit: "ms", goal: { atMost: 3 } },
      floor(emptyMs),
      floor(bareMs),
    ),
    ratioRow(
      {
        id: "start-full",
        name: "Start with 10,000 stored responses, to an empty one",
        unit: "ms",
        goal: { atMost: 1.1 },
        isHard: true,
        note: "against our own start with an empty ledger",
      },
      floor(fullMs),
      floor(emptyMs),
    ),
  ]
}

async function startOnce(
  start: () => Promise<ServiceProcess>,
  startMs: number[],
  memoryMb: number[] | null,
): Promise<void> {
  const service = await start()
  startMs.push(service.startMs)
  // Let the stub come up too: what it costs to greet it is part of being idle, and no start is to overlap the next.
  await delay(memoryMb === null ? 150 : settleMs)
  memoryMb?.push(residentMb(service.pid))
  await service.stop()
}

/** What else runs on the machine only ever adds to a start, and the hard row must not fail for it. */
function floor(values: readonly number[]): number {
  return quantile(values, 0.25)
}
