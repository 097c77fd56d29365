import { Agent } from "node:http"
import { setTimeout as delay } from "node:timers/promises"
import { quantile } from "../../../bench/support/statistics.ts"
import { bounded, none, type PartContext, type PartResult, told } from "../part.ts"
import { httpCall } from "../support/http-call.ts"
import { ServiceUnderTest } from "../support/service-under-test.ts"
import { createStubCli } from "../support/stub-cli.ts"
import { keyOf, keysOf } from "./keys.ts"

const fewClients = 10
const manyClients = 50 * fewClients
/** Half of the turns that one agent takes. */
const halfOfTurns = 128
/** Two seconds of little work, so that places and not cores are what is short. */
const input = "deltas=2 pauseMs=1000"
const timeoutMs = 60_000
const longestWaitMs = 2_000

/** Two keys, one with fifty times the requests: what the other one's turns take, against what they take alone. */
export async function countNeighbours(context: PartContext): Promise<PartResult> {
  const turnsEach = context.isQuick ? 2 : 15
  const alone = await measure(
    context,
    { turns_per_agent: halfOfTurns, turns_total: halfOfTurns },
    0,
    turnsEach,
  )
  const beside = await measure(context, {}, manyClients, turnsEach)
  const [p99Alone, p99Beside] = [quantile(alone.times, 0.99), quantile(beside.times, 0.99)]
  context.tell(`p99 alone ${p99Alone.toFixed(0)} ms, beside ${p99Beside.toFixed(0)} ms`)
  return {
    done: `${fewClients} clients of one key beside ${manyClients} of another`,
    counts: [
      bounded("neighbours: p99 beside 50 x the requests, to alone", p99Beside / p99Alone, 2, "x"),
      none("neighbours: turns refused or lost", beside.failures.length + alone.failures.length),
      told("neighbours: p99 alone with half of the turns", p99Alone, "ms"),
      told("neighbours: p99 beside the other", p99Beside, "ms"),
    ],
    faults: [...alone.failures, ...beside.failures],
  }
}

interface Measured {
  /** From the first try of each turn to its end, refusals included. */
  readonly times: readonly number[]
  readonly failures: readonly string[]
}

async function measure(
  { build, newFolder }: PartContext,
  limits: Readonly<Record<string, number>>,
  others: number,
  turnsEach: number,
): Promise<Measured> {
  const folder = await newFolder("neighbours")
  const cli = await createStubCli(folder)
  const service = await ServiceUnderTest.start({ build, folder, cli: cli.path, keys: keysOf(2), limits })
  const agent = new Agent({ keepAlive: true })
  const times: number[] = []
  const failures: string[] = []
  let isOver = false
  /** One turn, tried again for as long as it is refused; false: it failed. */
  const turn = async (key: string, isCounted: boolean): Promise<void> => {
    const startedAt = performance.now()
    const body = { model: "manager", input }
    const call = { port: service.port, method: "POST", path: "/v1/responses", key, body, agent, timeoutMs }
    for (;;) {
      const { status, headers, end, text } = await httpCall(call)
      if (isCounted && status !== 200) failures.push(`${end} ${status} ${text.slice(0, 200)}`)
      if (status === 429 && !(isOver && !isCounted)) {
        await delay(Math.min(Number(headers["retry-after"] ?? 1) * 1_000, longestWaitMs))
        continue
      }
      if (isCounted && status === 200) times.push(performance.now() - startedAt)
      return
    }
  }
  const many = async (): Promise<void> => {
    while (!isOver) await turn(keyOf(1), false)
  }
  try {
    await turn(keyOf(0), false)
    const crowd = Array.from({ length: others }, many)
    // The places are taken when the others begin.
    if (others > 0) await delay(1_000)
    await Promise.all(
      Array.from({ length: fewClients }, async () => {
        for (let index = 0; index < turnsEach; index += 1) await turn(keyOf(0), true)
      }),
    )
    isOver = true
    await Promise.all(crowd)
  } finally {
    isOver = true
    agent.destroy()
    await service.stop()
  }
  return { times, failures }
}
