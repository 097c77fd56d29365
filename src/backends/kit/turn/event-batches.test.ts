import { describe, expect, it } from "vitest"
import { EventBatches } from "./event-batches.ts"

async function collect<T>(batches: EventBatches<T>): Promise<readonly T[][]> {
  const all: T[][] = []
  for await (const batch of batches) all.push([...batch])
  return all
}

describe("a queue of event batches", () => {
  it("gives everything that was pushed in one go as one batch", async () => {
    const batches = new EventBatches<number>()
    const reading = collect(batches)
    await Promise.resolve()
    batches.push(1)
    batches.push(2)
    await new Promise(setImmediate)
    batches.push(3)
    batches.close(4)
    expect(await reading).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  it("keeps what came before its reader, and ends after the last event", async () => {
    const batches = new EventBatches<string>()
    batches.push("a")
    batches.close("z")
    expect(await collect(batches)).toEqual([["a", "z"]])
  })

  it("takes nothing after the last event", async () => {
    const batches = new EventBatches<string>()
    batches.close("end")
    batches.push("late")
    batches.close("second end")
    expect(await collect(batches)).toEqual([["end"]])
  })
})
