import { Agent } from "node:http"
import { setTimeout as delay } from "node:timers/promises"
import type { BenchContext } from "../bench-context.ts"
import type { Figures, Measurement, Side } from "../measurement.ts"
import type { RowPlan } from "../row.ts"
import { hasMemoryFigures, peakMb, resetPeak, residentMb } from "../support/memory.ts"
import { type ServiceProcess, startBare, startDaemon } from "../support/service-process.ts"
import { deliveredInOrder, type StreamResult, streamTurn } from "../support/sse-request.ts"

const deltas = 100_000
const prompt = `deltas=${deltas} size=8`
const stallMs = 4000
const settleMs = 700

/**
 * One turn of 100,000 deltas, each time in fresh processes that have served some turns before: in a used one the memory of
 * the last stream would hide what the next one needs. Then the same with a reader that stops for four seconds.
 */
export function measureLongStream(context: BenchContext): Measurement[] {
  const rate: RowPlan = {
    name: "100,000 deltas in one turn",
    unit: "deltas/s",
    figure: "deltasPerSecond",
    goalOf: "ratio",
    goal: { atLeast: 0.5 },
  }
  const growth = growthRow("100,000 deltas, growth of memory")
  const again = { figure: "againMb", name: "a second such stream" }
  return [
    measurementOf(context, null, [
      rate,
      deliveredRow("100,000 deltas, delivered in order"),
      { ...growth, also: again },
    ]),
    measurementOf(context, stallMs, [
      deliveredRow("The same, reader stalls 4 s, delivered"),
      growthRow("The same, reader stalls 4 s, growth of memory"),
    ]),
  ]
}

function measurementOf(
  { installation, newFolder, isQuick }: BenchContext,
  stall: number | null,
  rows: readonly RowPlan[],
): Measurement {
  const sideOf = (start: () => Promise<ServiceProcess>): Side => ({
    measure: async () => measure(await start(), stall),
    stop: async () => {},
  })
  return {
    rows,
    rounds: isQuick ? 1 : 7,
    warmUps: 0,
    openReference: async () => sideOf(async () => startBare(installation, await newFolder("bare"))),
    openBuild: async (build) =>
      sideOf(async () =>
        startDaemon(build, { folder: await newFolder("daemon"), cli: installation.appServerStub }),
      ),
  }
}

/** Ends the service. */
async function measure(service: ServiceProcess, stall: number | null): Promise<Figures> {
  const agent = new Agent({ keepAlive: true })
  try {
    for (let turn = 0; turn < 50; turn += 1) await streamTurn(service, "deltas=100 size=16", { agent })
    await streamTurn(service, "deltas=2000 size=16", { agent })
    const { result, growthMb } = await streamMeasured(service, agent, stall)
    const again = stall === null ? (await streamMeasured(service, agent, stall)).growthMb : null
    return {
      deltasPerSecond: (result.deltas / result.totalMs) * 1000,
      delivered: deliveredInOrder(result.body),
      ...(growthMb !== null && { growthMb }),
      ...(again !== null && { againMb: again }),
    }
  } finally {
    agent.destroy()
    await service.stop()
  }
}

/** `growthMb`: peak of resident memory during the stream above that before it; null where it cannot be read. */
async function streamMeasured(
  service: ServiceProcess,
  agent: Agent,
  stall: number | null,
): Promise<{ readonly result: StreamResult; readonly growthMb: number | null }> {
  await delay(settleMs)
  const beforeMb = hasMemoryFigures ? residentMb(service.pid) : 0
  if (hasMemoryFigures) resetPeak(service.pid)
  const options = { agent, keepsBody: true, ...(stall === null ? {} : { stallMs: stall }) }
  const result = await streamTurn(service, prompt, options)
  return { result, growthMb: hasMemoryFigures ? peakMb(service.pid) - beforeMb : null }
}

function deliveredRow(name: string): RowPlan {
  return {
    name,
    unit: "",
    figure: "delivered",
    goalOf: "figure",
    goal: { atLeast: deltas },
    isHard: true,
    typical: (values) => Math.min(...values),
  }
}

function growthRow(name: string): RowPlan {
  return {
    name,
    unit: "MB",
    figure: "growthMb",
    goalOf: "figure",
    goal: { atMost: 16 },
    isHard: true,
    ...(!hasMemoryFigures && { note: "needs Linux" }),
  }
}
