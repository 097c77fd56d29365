import { Agent } from "node:http"
import type { BenchContext } from "../bench-context.ts"
import { plainRow, type Row, ratioRow } from "../result.ts"
import { startBare, startDaemon } from "../support/service-process.ts"
import { streamTurn, type Target } from "../support/sse-request.ts"
import { median, quantile } from "../support/statistics.ts"

const streams = 128
const deltas = 100
const prompt = `deltas=${deltas} size=16`

interface Burst {
  readonly turnsPerSecond: number
  readonly firstP99Ms: number
  readonly errors: number
}

/** 128 clients, each of which asks again as soon as it has its answer; C and ours take turns. */
export async function measureManyStreams({ installation, newFolder, isQuick }: BenchContext): Promise<Row[]> {
  const [turnsEach, rounds] = isQuick ? [4, 3] : [8, 9]
  const bare = await startBare(installation, await newFolder("bare"))
  const daemon = await startDaemon(installation, {
    folder: await newFolder("daemon"),
    cli: installation.appServerStub,
  })
  const ofBare: Burst[] = []
  const ofOurs: Burst[] = []
  try {
    await burst(bare, turnsEach)
    await burst(daemon, turnsEach)
    for (let round = 0; round < rounds; round += 1) {
      ofBare.push(await burst(bare, turnsEach))
      ofOurs.push(await burst(daemon, turnsEach))
    }
  } finally {
    await Promise.all([bare.stop(), daemon.stop()])
  }
  const middle = (bursts: readonly Burst[], field: "turnsPerSecond" | "firstP99Ms"): number =>
    median(bursts.map((one) => one[field]))
  return [
    ratioRow(
      {
        id: "streams-rate",
        name: `${streams} streams at once`,
        unit: "turns/s",
        goal: { atLeast: 0.75 },
      },
      middle(ofOurs, "turnsPerSecond"),
      middle(ofBare, "turnsPerSecond"),
    ),
    ratioRow(
      {
        id: "streams-first-p99",
        name: `${streams} streams, first content p99`,
        unit: "ms",
        goal: { atMost: 2 },
        noise: 0.15,
      },
      middle(ofOurs, "firstP99Ms"),
      middle(ofBare, "firstP99Ms"),
    ),
    plainRow(
      {
        id: "streams-errors",
        name: `${streams} streams, errors`,
        unit: "",
        goal: { atMost: 0 },
        isHard: true,
      },
      ofOurs.reduce((sum, one) => sum + one.errors, 0),
      ofBare.reduce((sum, one) => sum + one.errors, 0),
    ),
  ]
}

async function burst(target: Target, turnsEach: number): Promise<Burst> {
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
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: streams }, client))
  const seconds = (performance.now() - startedAt) / 1000
  agent.destroy()
  return { turnsPerSecond: firsts.length / seconds, firstP99Ms: quantile(firsts, 0.99), errors }
}
