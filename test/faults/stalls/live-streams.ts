import { setTimeout as delay } from "node:timers/promises"
import { bounded, none, type PartContext, type PartResult, told } from "../part.ts"
import { atOnce } from "../support/at-once.ts"
import { httpCall } from "../support/http-call.ts"
import { figuresOf } from "../support/process-figures.ts"
import { ServiceUnderTest } from "../support/service-under-test.ts"
import { createStubCli } from "../support/stub-cli.ts"
import { type StalledReader, stalledReader } from "./stalled-reader.ts"

const readers = 200
/** A quarter of a megabyte of text, and more than a megabyte as events. */
const input = "deltas=4000 size=64"
const timeoutMs = 60_000
const maxGrowthMb = 300

/** Many streamed turns whose readers stop behind the head; in the end each reads on, and has all of it. */
export async function countLiveStalls({ build, isQuick, newFolder, tell }: PartContext): Promise<PartResult> {
  const folder = await newFolder("live-stalls")
  const cli = await createStubCli(folder)
  const service = await ServiceUnderTest.start({ build, folder, cli: cli.path })
  const { port } = service
  const stalled: StalledReader[] = []
  const ask = (text: string): ReturnType<typeof httpCall> =>
    httpCall({
      port,
      method: "POST",
      path: "/v1/responses",
      body: { model: "manager", input: text },
      timeoutMs,
    })
  try {
    await ask("deltas=100")
    const before = figuresOf(service.pid)
    await atOnce(32, isQuick ? readers / 4 : readers, async (index) => {
      const isChat = index % 2 === 1
      const body = isChat
        ? { model: "manager", messages: [{ role: "user", content: input }], stream: true }
        : { model: "manager", input, stream: true }
      const path = isChat ? "/v1/chat/completions" : "/v1/responses"
      stalled.push(await stalledReader(port, { path, body, timeoutMs }))
    })
    await delay(2_000)
    const other = await ask("deltas=3")
    const peakMb = service.isRunning ? figuresOf(service.pid).residentMb : 0
    tell(`live streams: ${peakMb.toFixed(0)} MB`)
    const accepted = stalled.filter(({ status }) => status === 200)
    const ends = await Promise.all(accepted.map((reader) => reader.resume()))
    const cut = ends.filter((isWhole) => !isWhole).length
    const unanswered = stalled.filter(({ status }) => status !== 200 && status !== 429).length
    return {
      done: `${stalled.length} live streams whose readers stall`,
      counts: [
        none("live: service ended", service.isRunning ? 0 : 1),
        bounded("live: growth of memory", peakMb - before.residentMb, maxGrowthMb, "MB"),
        none("live: others not served", other.status === 200 ? 0 : 1),
        none("live: readers without an answer", unanswered),
        told("live: streams that were cut", cut),
      ],
      faults:
        other.status === 200
          ? []
          : [`live: others: ${other.end} ${other.status} ${other.text.slice(0, 200)}`],
    }
  } finally {
    for (const reader of stalled) reader.leave()
    await service.stop()
  }
}
