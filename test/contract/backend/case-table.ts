import { readFileSync } from "node:fs"
import { expect } from "vitest"

interface Task {
  readonly type: string
  readonly name: string
  readonly result?: { readonly state: string; readonly note?: string | undefined } | undefined
}

const page = new URL("../../../docs/agents/README.md", import.meta.url)

/**
 * Compares what the cases of a suite came to with the table of `docs/agents/README.md`: a case that passed has a yes there,
 * one that was skipped for a reason has none, and the suite has all cases that the table has. Of those that were left out by
 * a filter only the names are looked at.
 */
export function expectDocumentedCases(
  column: string | undefined,
  suite: { readonly tasks: readonly Task[] },
): void {
  if (column === undefined) return
  const documented = documentedCases(column)
  const found = new Map<string, boolean>()
  const cases = suite.tasks.filter(({ type }) => type === "test")
  const names = new Set(cases.map(({ name }) => name))
  expect([...documented.keys()].filter((name) => !names.has(name))).toEqual([])
  for (const { name, result } of cases) {
    if (result?.state === "pass") found.set(name, true)
    else if (result?.state === "skip" && result.note !== undefined) found.set(name, false)
  }
  for (const [name, isThere] of found) expect([name, documented.get(name)]).toEqual([name, isThere])
}

export function documentedCases(column: string): ReadonlyMap<string, boolean> {
  const lines = readFileSync(page, "utf8").split("\n")
  const start = lines.findIndex((line) => line.startsWith("| case |"))
  const table = lines.slice(start, lines.indexOf("", start))
  const [header = [], , ...rows] = table.map((line) => line.split("|").map((cell) => cell.trim()))
  const index = header.indexOf(column)
  if (index < 0) throw new Error(`docs/agents/README.md has no column ${column} in its table of cases`)
  return new Map(rows.map((cells) => [cells[1] ?? "", cells[index] === "yes"]))
}
