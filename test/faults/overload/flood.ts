import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { type Count, none, type PartContext, type PartResult, told } from "../part.ts"
import { Forked } from "../support/forked.ts"
import { ServiceUnderTest } from "../support/service-under-test.ts"
import { createStubCli } from "../support/stub-cli.ts"
import { keysOf } from "./keys.ts"
import type { BurstAnswer, BurstKind } from "./programs/burst-clients.ts"

/** Ten times what one agent takes at once. */
const clients = 2_560
const processes = 4
const busyMs = 3_000
const timeoutMs = 120_000
const program = join(import.meta.dirname, "programs", "burst-clients.ts")

/**
 * A burst of ten times what the service takes, each client on a connection of its own, from 1, 2 and 50 keys: each has a
 * turn that is completed, or a 429 that says when to try again.
 */
export async function countFlood({ build, isQuick, newFolder, tell }: PartContext): Promise<PartResult> {
  const folder = await newFolder("flood")
  const cli = await createStubCli(folder)
  const service = await ServiceUnderTest.start({ build, folder, cli: cli.path, keys: keysOf(50) })
  const counts: Count[] = []
  const faults: string[] = []
  try {
    for (const keys of isQuick ? [2] : [1, 2, 50]) {
      const answers: BurstAnswer[] = []
      for (let wave = 0; wave < (isQuick ? 1 : 3); wave += 1) answers.push(...(await burst(service, keys)))
      const of = (kind: BurstKind): number => answers.filter((answer) => answer.kind === kind).length
      const served = new Set(answers.filter(({ kind }) => kind === "completed").map(({ key }) => key))
      const by = `${keys} ${keys === 1 ? "key" : "keys"}`
      tell(`${by}: ${of("completed")} completed, ${of("refused")} refused, ${of("reset")} reset`)
      faults.push(...answers.map(({ fault }) => fault).filter((fault) => fault !== null))
      counts.push(
        none(`${by}: connections reset`, of("reset")),
        none(`${by}: no answer`, of("hang")),
        none(`${by}: neither a turn nor a 429 with Retry-After`, of("other")),
        none(`${by}: keys without any turn`, keys - served.size),
        told(`${by}: turns completed`, of("completed")),
        told(`${by}: refused with a 429`, of("refused")),
      )
    }
  } finally {
    await service.stop()
  }
  return { done: `bursts of ${clients} clients at once`, counts, faults }
}

async function burst(service: ServiceUnderTest, keys: number): Promise<BurstAnswer[]> {
  const each = clients / processes
  const forked = Array.from(
    { length: processes },
    (_, index) => new Forked<BurstAnswer[] | "ready">(program, [service.port, each, index * each, keys]),
  )
  try {
    await Promise.all(forked.map((one) => one.next(timeoutMs)))
    // Busy for a moment, as any program is at times: until it goes on, the system alone holds who has come.
    process.kill(service.pid, "SIGSTOP")
    for (const one of forked) one.go()
    await delay(busyMs)
    process.kill(service.pid, "SIGCONT")
    const reports = await Promise.all(forked.map((one) => one.next(timeoutMs)))
    return reports.flatMap((report) => (report === "ready" ? [] : report))
  } finally {
    await Promise.all(forked.map((one) => one.end()))
  }
}
