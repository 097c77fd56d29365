import { expect, it } from "vitest"
import { documentedCases, expectDocumentedCases } from "./backend/case-table.ts"

/** A suite that came to just what the page says of the demo. */
function tasksOf(column: string) {
  return [...documentedCases(column)].map(([name, isThere]) => ({
    type: "test",
    name,
    result: isThere ? { state: "pass" } : { state: "skip", note: "not a feature of this backend" },
  }))
}

it("fails where a case came to something else than the page says, has vanished, or is not on the page", () => {
  const tasks = tasksOf("demo")
  const [first, ...others] = tasks
  if (first === undefined) throw new Error("the page has no cases")
  const compare = (changed: Parameters<typeof expectDocumentedCases>[1]["tasks"]) => () =>
    expectDocumentedCases("demo", { tasks: changed })
  expect(compare(tasks)).not.toThrow()
  expect(compare(others)).toThrow(first.name)
  expect(compare([...tasks, { ...first, name: "does something new" }])).toThrow()
  expect(compare([{ ...first, result: { state: "skip", note: "why" } }, ...others])).toThrow()
  // Left out by a filter.
  expect(compare([{ ...first, result: { state: "skip" } }, ...others])).not.toThrow()
})
