import { describe, expect, it } from "vitest"
import { medianInterval, ratioOf } from "./statistics.ts"

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

describe("medianInterval", () => {
  it.each([
    // The tables of the sign test: so many values are left out at each end.
    [6, 1, 6],
    [8, 1, 8],
    [9, 2, 8],
    [12, 3, 10],
    [20, 6, 15],
    [50, 18, 33],
    [100, 40, 61],
  ])("of %i values reaches from number %i to number %i", (count, low, high) => {
    expect(medianInterval(upTo(count).toReversed())).toMatchObject({ low, high })
  })

  it("is none below six values, where no interval is one of 95 %", () => {
    expect([0, 1, 5].map((count) => medianInterval(upTo(count)))).toEqual([null, null, null])
    expect(medianInterval(upTo(6))).not.toBeNull()
  })

  it("is not moved by an outlier, however large", () => {
    const values = upTo(20)
    expect(medianInterval([...values.slice(0, 19), Number.POSITIVE_INFINITY])).toEqual(medianInterval(values))
  })

  it("does with thousands of values", () => {
    const interval = medianInterval(upTo(5000))
    expect(interval?.low).toBeGreaterThan(2400)
    expect(interval?.high).toBeLessThan(2600)
  })
})

describe("ratioOf", () => {
  it.each([
    [3, 2, 1.5],
    [0, 0, 1],
    [2, 0, Number.POSITIVE_INFINITY],
    [0, 2, 0],
    // Time that was added, less than nothing by the noise of what it is added to.
    [-1, 2, 0],
    [1, -2, Number.POSITIVE_INFINITY],
    [-1, -2, 1],
  ])("%d to %d is %d", (value, other, ratio) => {
    expect(ratioOf(value, other)).toBe(ratio)
  })
})
