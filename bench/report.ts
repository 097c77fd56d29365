import type { Row } from "./row.ts"
import type { Interval } from "./support/statistics.ts"

/** The table for people; the columns of the build of before only where there is one. */
export function renderTable(rows: readonly Row[], isCompared: boolean): string {
  const head = ["row", "this", "reference", "unit", "this/reference", "goal", "verdict"]
  if (isCompared) head.push("before", "this/before", "to before")
  const lines = rows.map((row) => {
    const { plan, ours, reference, before, toReference, toBefore } = row
    const ratio = plan.goalOf === "ratio" ? row.value : null
    const cells = [
      plan.name,
      format(ours),
      format(reference),
      plan.unit,
      ratioWith(ratio ?? toReference?.middle ?? null, toReference),
      goalOf(row),
      row.verdict,
    ]
    if (isCompared) cells.push(format(before), ratioWith(toBefore?.middle ?? null, toBefore), row.change)
    return cells
  })
  const table = [head, ...lines]
  const widths = head.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)))
  const text = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  )
  return [...text, "", ...rows.flatMap(notesOf)].join("\n")
}

function goalOf({ plan }: Row): string {
  const bound = "atMost" in plan.goal ? `<= ${plan.goal.atMost}` : `>= ${plan.goal.atLeast}`
  const unit = plan.goalOf === "figure" && plan.unit !== "" ? ` ${plan.unit}` : ""
  return `${bound}${unit}${plan.isHard ? " hard" : ""}`
}

function ratioWith(ratio: number | null, interval: Interval | null): string {
  if (ratio === null) return "-"
  return interval === null
    ? format(ratio)
    : `${format(ratio)} [${format(interval.low)}, ${format(interval.high)}]`
}

function notesOf({ plan, also }: Row): string[] {
  const notes = plan.note === undefined ? [] : [`  ${plan.name}: ${plan.note}`]
  if (plan.also !== undefined && also.some((value) => value !== null)) {
    const [ours, reference, before] = also.map((value) => value ?? null)
    const others = [
      ...(reference == null ? [] : [`reference ${format(reference)}`]),
      ...(before == null ? [] : [`before ${format(before)}`]),
    ]
    const told = [`this ${format(ours ?? null)}`, ...others].join(", ")
    notes.push(`  ${plan.name}: ${plan.also.name}, ${plan.unit}: ${told}`)
  }
  return notes
}

function format(value: number | null): string {
  if (value === null) return "-"
  if (Number.isInteger(value)) return String(value)
  if (!Number.isFinite(value)) return "inf"
  const size = Math.abs(value)
  return value.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3)
}
