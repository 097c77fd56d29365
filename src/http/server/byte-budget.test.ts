import { describe, expect, it } from "vitest"
import { ByteBudget } from "./bounds.ts"

const kilobyte = 1024

describe("ByteBudget", () => {
  it("refuses what would go beyond the limit, until something is given back", () => {
    const budget = new ByteBudget(1000 * kilobyte, 1)
    const first = budget.open("owner")
    first.grow(800 * kilobyte)
    expect(() => budget.open("owner").grow(400 * kilobyte)).toThrow(
      expect.objectContaining({ code: "queue_full" }),
    )
    first.release()
    expect(() => budget.open("owner").grow(400 * kilobyte)).not.toThrow()
  })

  it("counts a body that grows once, and small ones not at all", () => {
    const budget = new ByteBudget(100 * kilobyte, 1)
    const growing = budget.open("owner")
    for (let size = 0; size <= 150; size += 1) growing.grow(size * kilobyte)
    for (let n = 0; n < 1000; n += 1) budget.open("owner").grow(10 * kilobyte)
    growing.release()
    growing.release()
    expect(() => budget.open("owner").grow(160 * kilobyte)).not.toThrow()
  })

  it("keeps room for others where there are several callers", () => {
    const budget = new ByteBudget(1000 * kilobyte, 2)
    budget.open("ann").grow(500 * kilobyte)
    const more = budget.open("ann")
    expect(() => more.grow(300 * kilobyte)).toThrow(
      /^Your large requests take what is left.*limits\.bodies_bytes/,
    )
    expect(() => budget.open("bob").grow(300 * kilobyte)).not.toThrow()
  })

  it("lets a single body be as large as a body may be", () => {
    expect(() => new ByteBudget(10, 1).open("owner").grow(10_000 * kilobyte)).not.toThrow()
  })
})
