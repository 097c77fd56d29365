import { describe, expect, it } from "vitest"
import { p99Tolerance, type RowPlan, rowOf } from "./row.ts"
import type { Readings } from "./take-turns.ts"

const time: RowPlan = { name: "A turn", unit: "ms", figure: "ms", goalOf: "ratio", goal: { atMost: 2 } }
const rate: RowPlan = { ...time, name: "Turns", unit: "turns/s", goal: { atLeast: 0.5 } }

/** Eight rounds, of which each is twice as slow as the one before; `noise` is what differs between sides of one round. */
function rounds(factor: number, noise: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0]) {
  return noise.map((share, round) => ({ ms: 2 ** round * factor * (1 + share) }))
}

const readings = (fields: Partial<Readings>): Readings => ({ ours: [], reference: [], before: [], ...fields })

describe("a row against the build of before", () => {
  it.each([
    ["as fast", time, 1, "no worse"],
    ["4 % slower, which is within 5 %", time, 1.04, "no worse"],
    ["6 % slower", time, 1.06, "worse"],
    ["half as slow", time, 0.5, "no worse"],
    [
      "6 % slower, of a p99, for which 10 % are allowed",
      { ...time, tolerance: p99Tolerance },
      1.06,
      "no worse",
    ],
    ["11 % slower, of a p99", { ...time, tolerance: p99Tolerance }, 1.11, "worse"],
    ["a rate of 6 % less", rate, 0.94, "worse"],
    ["a rate of 6 % more", rate, 1.06, "no worse"],
  ] as const)("%s", (_, plan, factor, change) => {
    const row = rowOf(plan, readings({ ours: rounds(factor), before: rounds(1) }))
    expect(row.change).toBe(change)
    expect(row.toBefore?.middle).toBeCloseTo(factor)
  })

  it("is worse only where the whole interval lies beyond, not by its middle", () => {
    const noise = [-0.01, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2]
    const row = rowOf(time, readings({ ours: rounds(1, noise), before: rounds(1) }))
    expect(row.toBefore).toMatchObject({ middle: expect.closeTo(1.2), low: expect.closeTo(0.99) })
    expect(row.change).toBe("no worse")
  })

  it("pairs a round with the same one, so that what slows both down is no change", () => {
    const slow = [0, 0, 0, 9, 9, 9, 0, 0]
    const row = rowOf(time, readings({ ours: rounds(1, slow), before: rounds(1, slow) }))
    expect(row.toBefore).toEqual({ middle: 1, low: 1, high: 1 })
  })

  it("pairs what both have measured, and says when that is too little", () => {
    const some = rounds(1).map((figures, round) => (round < 5 ? figures : {}))
    expect(rowOf(time, readings({ ours: rounds(9), before: some })).change).toBe("too few rounds")
    expect(rowOf(time, readings({ ours: rounds(9) })).change).toBe("not compared")
  })

  it("is worse with errors where there were none", () => {
    const none = rounds(0)
    expect(rowOf(time, readings({ ours: none, before: none })).change).toBe("no worse")
    expect(rowOf(time, readings({ ours: rounds(1), before: none })).change).toBe("worse")
  })
})

describe("a row against its reference", () => {
  it.each([
    [1.9, "met"],
    [2.1, "missed"],
  ])("whose goal is a ratio of at most 2, at %d", (factor, verdict) => {
    const row = rowOf(time, readings({ ours: rounds(factor), reference: rounds(1) }))
    expect([row.verdict, row.value]).toEqual([verdict, expect.closeTo(factor)])
    expect(row.toReference?.middle).toBeCloseTo(factor)
  })

  it("may be another figure of the same build", () => {
    const ours = rounds(1).map(({ ms }) => ({ ms, firstMs: ms / 3 }))
    const row = rowOf({ ...time, against: "firstMs" }, readings({ ours, reference: rounds(100) }))
    expect([row.value, row.verdict]).toEqual([expect.closeTo(3), "missed"])
  })

  it("has a goal of its own where the figure is what counts", () => {
    const plan: RowPlan = { ...time, goalOf: "figure", typical: (values) => Math.max(...values) }
    const row = rowOf(plan, readings({ ours: rounds(0.01), reference: rounds(0.01) }))
    expect([row.value, row.verdict]).toEqual([expect.closeTo(1.28), "met"])
  })

  it("is not measured where there is no figure", () => {
    expect(rowOf(time, readings({ reference: rounds(1) }))).toMatchObject({
      value: null,
      verdict: "not measured",
    })
  })
})
