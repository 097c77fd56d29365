import { describe, expect, it } from "vitest"
import { fitParameters } from "./fit-parameters.ts"

/** Processor time of this thread, in milliseconds: meanwhile the service does nothing else. */
function costOf(work: () => unknown): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}

const count = 4000
const list = <T>(each: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => each(index))

describe("the largest schemas that a request may have", () => {
  it.each([
    ["alternatives of one property", { anyOf: list((index) => ({ properties: { a: { const: index } } })) }],
    [
      "alternatives of one pattern",
      { anyOf: list((index) => ({ patternProperties: { "^a": { const: index } } })) },
    ],
    [
      "references by name",
      {
        $defs: Object.fromEntries(list((index) => [`d${index}`, { $anchor: `a${index}`, type: "string" }])),
        properties: { x: { anyOf: list(() => ({ $ref: `#a${count - 1}` })) } },
      },
    ],
  ])("are made fit in a moment: %s", (_name, schema) => {
    expect(costOf(() => fitParameters({ type: "object", ...schema }))).toBeLessThan(1500)
  })
})
