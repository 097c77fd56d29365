import { beforeEach, describe, expect, it } from "vitest"
import { BoundLog } from "./bounds.ts"
import { StalledReaders } from "./stalled-readers.ts"

const limits = { unreadBytes: 100, unreadMs: 60_000 }

let now = 0
let ended: string[] = []
let told: unknown[] = []
let readers: StalledReaders
beforeEach(() => {
  now = 0
  ended = []
  told = []
  const bounds = new BoundLog(
    (_level, _message, fields) => told.push(fields?.bound),
    () => now,
  )
  readers = new StalledReaders(limits, bounds, () => now)
})

function stall(name: string, bytes: number, source: object = {}): () => void {
  return readers.stalls({ source, bytes: () => bytes, end: () => ended.push(name) })
}

describe("readers that stall", () => {
  it("are left alone as long as what is kept for them is within the budget", () => {
    stall("a", 50)
    stall("b", 50)
    now = 59_999
    readers.sweep()
    expect(ended).toEqual([])
  })

  it("are ended when they have taken nothing for too long", () => {
    stall("a", 1)
    now = 60_000
    stall("b", 1)
    readers.sweep()
    expect(ended).toEqual(["a"])
    expect(told).toEqual(["limits.unread_ms"])
  })

  it("are ended beyond the budget, the longest stalled first, and no more than it takes", () => {
    stall("a", 40)
    now = 1000
    stall("b", 40)
    stall("c", 40)
    now = 6000
    readers.sweep()
    expect(ended).toEqual(["a"])
    expect(told).toEqual(["limits.unread_bytes"])
  })

  it("are not ended for a moment's wait, unless the budget is exceeded twice over", () => {
    stall("a", 80)
    stall("b", 80)
    readers.sweep()
    expect(ended).toEqual([])
    stall("c", 80)
    readers.sweep()
    expect(ended).toEqual(["a"])
  })

  it("that take something are behind all others", () => {
    const takes = stall("a", 60)
    now = 1000
    stall("b", 60)
    takes()
    stall("a", 60)
    now = 10_000
    readers.sweep()
    expect(ended).toEqual(["b"])
  })

  it("of one answer count once, and a single answer is read however large it is", () => {
    const answer = {}
    for (const name of ["a", "b", "c"]) stall(name, 5000, answer)
    now = 50_000
    readers.sweep()
    expect(ended).toEqual([])
  })

  it("are given the same bytes where these are equal", () => {
    const first = readers.share(Buffer.from("the same"))
    expect(readers.share(Buffer.from("the same"))).toBe(first)
    expect(readers.share(Buffer.from("others"))).not.toBe(first)
  })
})
