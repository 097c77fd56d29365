import { readFile } from "node:fs/promises"
import { availableParallelism } from "node:os"
import { type Row, verdictOf } from "./result.ts"

/** `result.json`. Nothing in it tells whose machine it was. */
export interface SavedRun {
  readonly machine: { readonly node: string; readonly platform: string; readonly cores: number }
  readonly rows: readonly SavedRow[]
}

interface SavedRow extends Omit<Row, "noise"> {
  readonly verdict: string
}

/** Smaller changes are not worth a look. */
const worthALook = 0.05

export function toSavedRun(rows: readonly Row[]): SavedRun {
  return {
    machine: { node: process.version, platform: process.platform, cores: availableParallelism() },
    rows: rows.map(({ noise: _, ...row }) => ({
      ...row,
      ours: rounded(row.ours),
      reference: rounded(row.reference),
      value: rounded(row.value),
      verdict: verdictOf({ ...row, noise: 0 }),
    })),
  }
}

/** Null: there is none yet. */
export async function readSavedRun(file: string): Promise<SavedRun | null> {
  try {
    // Written by `toSavedRun` and committed.
    return JSON.parse(await readFile(file, "utf8")) as SavedRun
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null
    throw error
  }
}

/** The table for people. */
export function renderTable(rows: readonly Row[], last: SavedRun | null): string {
  const head = ["row", "ours", "reference", "unit", "value", "goal", "verdict", "to the last run"]
  const lines = rows.map((row) => [
    row.name,
    format(row.ours),
    format(row.reference),
    row.unit,
    format(row.value),
    `${"atMost" in row.goal ? `<= ${row.goal.atMost}` : `>= ${row.goal.atLeast}`}${row.isHard ? " hard" : ""}`,
    verdictOf(row),
    change(row, last),
  ])
  const table = [head, ...lines]
  const widths = head.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)))
  const text = table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  )
  const notes = rows.filter((row) => row.note !== "").map((row) => `  ${row.name}: ${row.note}`)
  return [...text, "", ...notes].join("\n")
}

/** Worse by more than 5 % is named; `WORSE` when it is also more than the row's noise. */
function change(row: Row, last: SavedRun | null): string {
  const before = last?.rows.find((one) => one.id === row.id)?.value ?? null
  if (before === null || row.value === null) return ""
  if (before === row.value) return "same"
  if (before === 0) return row.value > 0 === "atMost" in row.goal ? "WORSE" : "better"
  const grown = row.value / before - 1
  const worse = "atMost" in row.goal ? grown : -grown
  const text = `${grown > 0 ? "+" : ""}${(grown * 100).toFixed(0)} %`
  if (worse <= worthALook) return text
  return worse > Math.max(worthALook, row.noise) ? `${text} WORSE` : `${text} (within noise)`
}

function format(value: number | null): string {
  if (value === null) return "-"
  if (Number.isInteger(value)) return String(value)
  return value.toFixed(
    Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : Math.abs(value) >= 1 ? 2 : 3,
  )
}

function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4))
}
