import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { none, type PartContext, type PartResult, told } from "../part.ts"
import { Forked } from "../support/forked.ts"
import { httpCall } from "../support/http-call.ts"
import { ServiceUnderTest } from "../support/service-under-test.ts"
import { createStubCli } from "../support/stub-cli.ts"
import { keyOf, keysOf } from "./keys.ts"
import type { HolderReport } from "./programs/hold-connections.ts"

const holders = 4
const tries = 20
const healthMs = 100
const idleMs = 2_000
const timeoutMs = 60_000
const program = join(import.meta.dirname, "programs", "hold-connections.ts")

/** Connections that say nothing, from several addresses: this machine and new clients are answered all the same. */
export async function countIdleConnections(context: PartContext): Promise<PartResult> {
  const connections = context.isQuick ? 4_800 : 8_192
  const folder = await context.newFolder("idle")
  const cli = await createStubCli(folder)
  const { build } = context
  const service = await ServiceUnderTest.start({ build, folder, cli: cli.path, keys: keysOf(1) })
  const { port } = service
  const held = Array.from(
    { length: holders },
    (_, index) => new Forked<HolderReport>(program, [port, connections / holders, `127.0.0.${2 + index}`]),
  )
  try {
    await Promise.all(held.map((one) => one.next(timeoutMs)))
    // Once they are idle: the service may still be taking the last of them, and a new one is not idle for a second.
    await service.health()
    await delay(idleMs)
    const times: number[] = []
    const faults: string[] = []
    for (let index = 0; index < tries; index += 1) {
      const { ms, status, end } = await service.health()
      if (status === 200) times.push(ms)
      if (status !== 200 || ms > healthMs) faults.push(`health: ${end} ${status} after ${ms.toFixed(0)} ms`)
    }
    const slow = faults.length
    const body = { model: "manager", input: "deltas=3" }
    const call = { port, key: keyOf(0), method: "POST", path: "/v1/responses", body, timeoutMs }
    const { status, end, code, text } = await httpCall({ ...call, localAddress: "127.0.0.99" })
    if (status !== 200) faults.push(`new client: ${end} ${status} ${code} ${text.slice(0, 200)}`)
    return {
      done: `${connections} idle connections`,
      counts: [
        none(`idle: health not answered within ${healthMs} ms, of ${tries}`, slow),
        none("idle: new client not answered", status === 200 ? 0 : 1),
        told("idle: slowest answer of health", Math.max(0, ...times), "ms"),
      ],
      faults,
    }
  } finally {
    await Promise.all(held.map((one) => one.end()))
    await service.stop()
  }
}
