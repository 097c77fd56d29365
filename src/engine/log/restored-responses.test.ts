import { expect, it } from "vitest"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { LogSegment } from "../../domain/store.ts"
import { RestoredResponses } from "./restored-responses.ts"

function record(fields: Partial<ResponseRecord> = {}): ResponseRecord {
  // Of a record a restored response reads these fields only.
  return { id: "resp_1", status: "completed", output: [], isBackground: false, ...fields } as ResponseRecord
}

const segments: readonly LogSegment[] = [
  { firstSequence: 0, json: JSON.stringify([{ type: "created" }, { type: "completed" }]) },
]

it("gives readers of one response the same log, and each the record as it is now", async () => {
  const restored = new RestoredResponses()
  let reads = 0
  const read = async () => {
    reads += 1
    return segments
  }
  const first = await restored.open(record(), read)
  const now = record({ createdAt: 7 })
  const second = await restored.open(now, read)
  expect(second.log).toBe(first.log)
  expect(second.record).toEqual(now)
  expect(second.record.output).toBe(first.record.output)
  expect(reads).toBe(1)
  expect(first.log.read(0, 10)).toEqual([{ type: "created" }, { type: "completed" }])
})

it("gives those the same log who open it at the same time, and another response another one", async () => {
  const restored = new RestoredResponses()
  const open = (id: string) => restored.open(record({ id }), async () => segments)
  const [first, second, other] = await Promise.all([open("resp_1"), open("resp_1"), open("resp_2")])
  expect(second.log).toBe(first.log)
  expect(other.log).not.toBe(first.log)
})

it("shares no log of a response that is not over", async () => {
  const restored = new RestoredResponses()
  const open = () => restored.open(record({ status: "running" }), async () => segments)
  expect((await open()).log).not.toBe((await open()).log)
})
