import { setTimeout as delay } from "node:timers/promises"
import { bounded, none, type PartContext, type PartResult, told } from "../part.ts"
import { atOnce } from "../support/at-once.ts"
import { httpCall, jsonOf } from "../support/http-call.ts"
import { figuresOf } from "../support/process-figures.ts"
import { ServiceUnderTest } from "../support/service-under-test.ts"
import { createStubCli } from "../support/stub-cli.ts"
import { type StalledReader, stalledReader } from "./stalled-reader.ts"

const readers = 200
/** Four megabytes of text. */
const input = "deltas=512 size=8192"
const timeoutMs = 60_000
const maxGrowthMb = 300

/** Many readers of one stored answer of 4 MB, whole and as a stream, that stop behind its head. */
export async function countStoredStalls({
  build,
  isQuick,
  newFolder,
  tell,
}: PartContext): Promise<PartResult> {
  const folder = await newFolder("stored-stalls")
  const cli = await createStubCli(folder)
  const service = await ServiceUnderTest.start({ build, folder, cli: cli.path })
  const { port } = service
  const stalled: StalledReader[] = []
  const faults: string[] = []
  const ask = (text: string): ReturnType<typeof httpCall> =>
    httpCall({
      port,
      method: "POST",
      path: "/v1/responses",
      body: { model: "manager", input: text },
      timeoutMs,
    })
  try {
    const id = String(jsonOf(await ask(input))?.id)
    await httpCall({ port, method: "GET", path: `/v1/responses/${id}`, timeoutMs })
    const before = figuresOf(service.pid)
    let peakMb = 0
    await atOnce(16, isQuick ? readers / 4 : readers, async (index) => {
      const path = `/v1/responses/${id}${index % 2 === 0 ? "" : "?stream=true"}`
      stalled.push(await stalledReader(port, { path, body: null, timeoutMs }))
      peakMb = Math.max(peakMb, service.isRunning ? figuresOf(service.pid).residentMb : 0)
    })
    await delay(500)
    peakMb = Math.max(peakMb, service.isRunning ? figuresOf(service.pid).residentMb : 0)
    tell(`stored answers: ${peakMb.toFixed(0)} MB`)
    const other = await ask("deltas=3")
    if (other.status !== 200)
      faults.push(`stored: others: ${other.end} ${other.status} ${other.text.slice(0, 200)}`)
    const refused = stalled.filter(({ status }) => status !== 200)
    const answered = refused.filter(({ status }) => status === 429 || status === 503).length
    for (const { status } of refused)
      if (status !== 429 && status !== 503) faults.push(`stored: a reader had ${status}`)
    return {
      done: `${stalled.length} stalled readers of a stored answer of 4 MB`,
      counts: [
        none("stored: service ended", service.isRunning ? 0 : 1),
        bounded("stored: growth of memory", peakMb - before.residentMb, maxGrowthMb, "MB"),
        none("stored: others not served", other.status === 200 ? 0 : 1),
        none("stored: readers without an answer", refused.length - answered),
        told("stored: readers told to try again", answered),
      ],
      faults,
    }
  } finally {
    for (const reader of stalled) reader.leave()
    await service.stop()
  }
}
