import { describe, expect, it } from "vitest"
import { GatheredWrites } from "./gathered-writes.ts"

const byOne = (): number => 1

describe("gathered writes", () => {
  it("are one for all that comes together, in order, and one after the other", async () => {
    const groups: (readonly number[])[] = []
    let running = 0
    const writes = new GatheredWrites<number>(async (entries) => {
      running += 1
      expect(running).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      groups.push(entries)
      running -= 1
    }, byOne)
    writes.add(1)
    writes.add(2)
    const first = writes.settled()
    writes.add(3)
    await Promise.all([first, writes.settled()])
    expect(groups).toEqual([[1, 2, 3]])
    writes.add(4)
    await expect.poll(() => groups).toEqual([[1, 2, 3], [4]])
  })

  it("are bounded, and settle when there is nothing to do", async () => {
    const sizes: number[] = []
    const writes = new GatheredWrites<number>(async (entries) => {
      sizes.push(entries.length)
    }, byOne)
    await writes.settled()
    for (let entry = 0; entry < 20_000; entry += 1) writes.add(entry)
    await writes.settled()
    expect(sizes).toEqual([10_000])
  })

  it("are bounded by what they hold, too, and take more once that is written", async () => {
    const groups: (readonly number[])[] = []
    const writes = new GatheredWrites<number>(
      async (entries) => {
        groups.push(entries)
      },
      (bytes) => bytes,
    )
    for (const bytes of [3_000_000, 2_000_000, 1_000_000]) writes.add(bytes)
    await writes.settled()
    writes.add(2_000_000)
    await writes.settled()
    expect(groups).toEqual([[3_000_000, 1_000_000], [2_000_000]])
  })
})
