import { Agent } from "node:http"
import { setTimeout as delay } from "node:timers/promises"
import type { BenchContext } from "../bench-context.ts"
import { plainRow, type Row, ratioRow, unmeasuredRow } from "../result.ts"
import { hasMemoryFigures, peakMb, resetPeak, residentMb } from "../support/memory.ts"
import { type ServiceProcess, startBare, startDaemon } from "../support/service-process.ts"
import { deliveredInOrder, type StreamResult, streamTurn } from "../support/sse-request.ts"
import { median } from "../support/statistics.ts"

const deltas = 100_000
const prompt = `deltas=${deltas} size=8`
const stallMs = 4000
const settleMs = 700

interface LongStream {
  readonly deltasPerSecond: number
  readonly delivered: number
  /** Peak of resident memory during the stream above that before it; null where it cannot be read. */
  readonly growthMb: number | null
  /** The same of a second stream in that process, which finds the memory of the first one; null: there was none. */
  readonly againMb: number | null
}

/**
 * One turn of 100,000 deltas, each time in fresh processes that have served some turns before: in a used one the memory of
 * the last stream would hide what the next one needs. Then the same with a reader that stops for four seconds.
 */
export async function measureLongStream(context: BenchContext): Promise<Row[]> {
  const { installation, newFolder, isQuick } = context
  const rounds = isQuick ? 1 : 5
  const bare: LongStream[] = []
  const ours: LongStream[] = []
  const bareStalled: LongStream[] = []
  const oursStalled: LongStream[] = []
  const startOurs = async (): Promise<ServiceProcess> =>
    startDaemon(installation, { folder: await newFolder("daemon"), cli: installation.appServerStub })
  const startC = async (): Promise<ServiceProcess> => startBare(installation, await newFolder("bare"))
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await measure(await startC(), undefined))
    ours.push(await measure(await startOurs(), undefined))
  }
  for (let round = 0; round < (isQuick ? 1 : 3); round += 1) {
    bareStalled.push(await measure(await startC(), stallMs))
    oursStalled.push(await measure(await startOurs(), stallMs))
  }
  const rate = (streams: readonly LongStream[]): number => median(streams.map((one) => one.deltasPerSecond))
  return [
    ratioRow(
      { id: "deltas-rate", name: "100,000 deltas in one turn", unit: "deltas/s", goal: { atLeast: 0.5 } },
      rate(ours),
      rate(bare),
    ),
    deliveredRow("deltas-delivered", "100,000 deltas, delivered in order", ours, bare),
    growthRow("deltas-growth", "100,000 deltas, growth of memory", ours, bare),
    deliveredRow("stalled-delivered", "The same, reader stalls 4 s, delivered", oursStalled, bareStalled),
    growthRow("stalled-growth", "The same, reader stalls 4 s, growth of memory", oursStalled, bareStalled),
  ]
}

/** Ends the service. */
async function measure(service: ServiceProcess, stall: number | undefined): Promise<LongStream> {
  const agent = new Agent({ keepAlive: true })
  try {
    for (let turn = 0; turn < 50; turn += 1) await streamTurn(service, "deltas=100 size=16", { agent })
    await streamTurn(service, "deltas=2000 size=16", { agent })
    const first = await growth(service, agent, stall)
    const again = stall === undefined ? await growth(service, agent, stall) : null
    return {
      deltasPerSecond: (first.result.deltas / first.result.totalMs) * 1000,
      delivered: deliveredInOrder(first.result.body),
      growthMb: first.growthMb,
      againMb: again?.growthMb ?? null,
    }
  } finally {
    agent.destroy()
    await service.stop()
  }
}

async function growth(
  service: ServiceProcess,
  agent: Agent,
  stall: number | undefined,
): Promise<{ readonly result: StreamResult; readonly growthMb: number | null }> {
  await delay(settleMs)
  const beforeMb = hasMemoryFigures ? residentMb(service.pid) : 0
  if (hasMemoryFigures) resetPeak(service.pid)
  const options = { agent, keepsBody: true, ...(stall === undefined ? {} : { stallMs: stall }) }
  const result = await streamTurn(service, prompt, options)
  return { result, growthMb: hasMemoryFigures ? peakMb(service.pid) - beforeMb : null }
}

function deliveredRow(
  id: string,
  name: string,
  ours: readonly LongStream[],
  bare: readonly LongStream[],
): Row {
  const least = (streams: readonly LongStream[]): number => Math.min(...streams.map((one) => one.delivered))
  return plainRow({ id, name, unit: "", goal: { atLeast: deltas }, isHard: true }, least(ours), least(bare))
}

function growthRow(id: string, name: string, ours: readonly LongStream[], bare: readonly LongStream[]): Row {
  const fields = { id, name, unit: "MB", goal: { atMost: 16 }, isHard: true, noise: 0.15 }
  if (!hasMemoryFigures) return unmeasuredRow({ ...fields, note: "needs Linux" })
  const middle = (streams: readonly LongStream[], field: "growthMb" | "againMb"): number =>
    median(streams.map((one) => one[field] ?? 0))
  const note = ours.some((one) => one.againMb !== null)
    ? `a second such stream: ${middle(ours, "againMb").toFixed(0)} MB, C ${middle(bare, "againMb").toFixed(0)} MB`
    : ""
  return plainRow({ ...fields, note }, middle(ours, "growthMb"), middle(bare, "growthMb"))
}
