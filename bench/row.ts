import type { Figures } from "./measurement.ts"
import { type Interval, median, medianInterval, ratioOf } from "./support/statistics.ts"
import type { Readings } from "./take-turns.ts"

/** One row of the table: what it is made of, and what it is to be. */
export interface RowPlan {
  readonly name: string
  readonly unit: string
  /** The figure that it shows. */
  readonly figure: string
  /** Another figure of the same build that it is held against, in place of the reference's. */
  readonly against?: string
  /** What the goal is about: the ratio to the reference, or the figure itself. */
  readonly goalOf: "ratio" | "figure"
  readonly goal: { readonly atMost: number } | { readonly atLeast: number }
  /** A miss is a failure of the run. */
  readonly isHard?: boolean
  /** One number of all rounds; the median where nothing is said. */
  readonly typical?: (values: readonly number[]) => number
  /** How much worse than before is none of our business, as a share. */
  readonly tolerance?: number
  readonly note?: string
  /** A second figure, told below the table. */
  readonly also?: { readonly figure: string; readonly name: string }
}

export type Verdict = "met" | "missed" | "not measured"
export type Change = "worse" | "no worse" | "too few rounds" | "not compared"

export interface Row {
  readonly plan: RowPlan
  readonly ours: number | null
  readonly reference: number | null
  readonly before: number | null
  /** Ours to the reference, by the rounds in pairs; null below six of them. */
  readonly toReference: Interval | null
  readonly toBefore: Interval | null
  /** What the goal is about. */
  readonly value: number | null
  readonly verdict: Verdict
  readonly change: Change
  /** The second figure: ours, the reference's, that of before. */
  readonly also: readonly (number | null)[]
}

const usualTolerance = 0.05

/** For the p99 of a few rounds, which is one of the slowest of its turns. */
export const p99Tolerance = 0.1

export function rowOf(plan: RowPlan, readings: Readings): Row {
  const typical = (side: readonly Figures[], figure = plan.figure): number | null => {
    const values = side.flatMap((figures) => figures[figure] ?? [])
    return values.length === 0 ? null : (plan.typical ?? median)(values)
  }
  const other = plan.against === undefined ? readings.reference : readings.ours
  const ours = typical(readings.ours)
  const reference = typical(other, plan.against)
  const ratio = ours === null || reference === null ? null : ratioOf(ours, reference)
  const value = plan.goalOf === "ratio" ? ratio : ours
  const toBefore = paired(readings.ours, plan.figure, readings.before, plan.figure)
  const also = plan.also?.figure
  return {
    plan,
    ours,
    reference,
    before: typical(readings.before),
    toReference: paired(readings.ours, plan.figure, other, plan.against ?? plan.figure),
    toBefore,
    value,
    verdict: verdictOf(plan, value),
    change: changeOf(plan, readings, toBefore),
    also:
      also === undefined
        ? []
        : [readings.ours, readings.reference, readings.before].map((side) => typical(side, also)),
  }
}

/** The ratio of one side to another, round by round. */
function paired(
  side: readonly Figures[],
  figure: string,
  other: readonly Figures[],
  otherFigure: string,
): Interval | null {
  return medianInterval(
    side.flatMap((figures, round) => {
      const [value, of] = [figures[figure], other[round]?.[otherFigure]]
      return value === undefined || of === undefined ? [] : ratioOf(value, of)
    }),
  )
}

function verdictOf({ goal }: RowPlan, value: number | null): Verdict {
  if (value === null) return "not measured"
  const isMet = "atMost" in goal ? value <= goal.atMost : value >= goal.atLeast
  return isMet ? "met" : "missed"
}

/** Worse: the whole interval lies beyond the tolerance, on the bad side. */
function changeOf(plan: RowPlan, readings: Readings, toBefore: Interval | null): Change {
  const isCompared = readings.before.some((figures) => figures[plan.figure] !== undefined)
  if (!isCompared) return "not compared"
  if (toBefore === null) return "too few rounds"
  const tolerance = plan.tolerance ?? usualTolerance
  const isWorse = "atMost" in plan.goal ? toBefore.low > 1 + tolerance : toBefore.high < 1 - tolerance
  return isWorse ? "worse" : "no worse"
}
