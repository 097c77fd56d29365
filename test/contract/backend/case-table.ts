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
 * one that was skipped for a reason has none. Cases that were left out by a filter are not looked at.
 */
export function expectDocumentedCases(
  column: string | undefined,
  suite: { readonly tasks: readonly Task[] },
): void {
  if (column === undefined) return
  const documented = documentedCases(column)
  const found = new Map<string, boolean>()
  for (const { type, name, result } of suite.tasks) {
    if (type !== "test") continue
    if (result?.state === "pass") found.set(name, true)
    else if (result?.state === "skip" && result.note !== undefined) found.set(name, false)
  }
  for (const [name, isThere] of found) expect([name, documented.get(name)]).toEqual([name, isThere])
}

function documentedCases(column: string): ReadonlyMap<string, boolean> {
  const rows = readFileSync(page, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").map((cell) => cell.trim()))
  const header = rows.find((cells) => cells[1] === "case")
  const index = header?.indexOf(column) ?? -1
  if (index < 0) throw new Error(`docs/agents/README.md has no column ${column} in its table of cases`)
  return new Map(rows.map((cells) => [cells[1] ?? "", cells[index] === "yes"]))
}
