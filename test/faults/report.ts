import { type Count, isMissed, type PartResult } from "./part.ts"

const shownFaults = 12

/** The table for people: each part with what was done and what was counted. */
export function renderReport(results: ReadonlyMap<string, PartResult>): string {
  const rows = [...results].flatMap(([name, { counts }]) => counts.map((count) => rowOf(name, count)))
  const table = [["part", "count", "value", "must be", ""], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  )
  const done = [...results].map(([name, result]) => `${name}: ${result.done}`)
  return [...done, "", ...lines, ...[...results].flatMap(([name, result]) => faultLines(name, result))].join(
    "\n",
  )
}

function rowOf(name: string, count: Count): string[] {
  const { what, value, atMost, unit } = count
  const shown = Number.isInteger(value) ? String(value) : value.toFixed(1)
  return [
    name,
    what,
    unit === undefined ? shown : `${shown} ${unit}`,
    atMost === null ? "" : atMost === 0 ? "0" : `<= ${atMost}`,
    isMissed(count) ? "MISSED" : "",
  ]
}

/** The rare ones first: what is seen a hundred times is known soon enough. */
function faultLines(name: string, { faults }: PartResult): string[] {
  if (faults.length === 0) return []
  const kinds = [...Map.groupBy(faults, (fault) => fault)].toSorted(([, a], [, b]) => a.length - b.length)
  const lines = kinds.map(
    ([fault, same]) => `  ${fault}${same.length === 1 ? "" : ` (${same.length} times)`}`,
  )
  const more = lines.length > shownFaults ? [`  and ${lines.length - shownFaults} more`] : []
  return ["", `${name}, what was seen:`, ...lines.slice(0, shownFaults), ...more]
}
