import { describe, expect, it } from "vitest"
import { ByteBudget } from "./byte-budget.ts"

const kilobyte = 1024

describe("ByteBudget", () => {
  it("refuses what would go beyond the limit, until something is given back", () => {
    const budget = new ByteBudget(1000 * kilobyte)
    const first = budget.open()
    first.grow(800 * kilobyte)
    expect(() => budget.open().grow(400 * kilobyte)).toThrow(expect.objectContaining({ code: "queue_full" }))
    first.release()
    expect(() => budget.open().grow(400 * kilobyte)).not.toThrow()
  })

  it("counts a body that grows once, and small ones not at all", () => {
    const budget = new ByteBudget(100 * kilobyte)
    const growing = budget.open()
    for (let size = 0; size <= 150; size += 1) growing.grow(size * kilobyte)
    for (let n = 0; n < 1000; n += 1) budget.open().grow(10 * kilobyte)
    growing.release()
    growing.release()
    expect(() => budget.open().grow(160 * kilobyte)).not.toThrow()
  })

  it("lets a single body be as large as a body may be", () => {
    expect(() => new ByteBudget(10).open().grow(10_000 * kilobyte)).not.toThrow()
  })
})
