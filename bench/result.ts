/** One row of the table. Ratios hold from machine to machine, absolute numbers do not. */
export interface Row {
  readonly id: string
  readonly name: string
  readonly unit: string
  readonly ours: number | null
  /** C's, or the raw CLI's: what `ratio` is against. Null where the goal is a number of its own. */
  readonly reference: number | null
  /** What the goal is about: ours over the reference, or ours. */
  readonly value: number | null
  readonly goal: { readonly atMost: number } | { readonly atLeast: number }
  /** A miss is a failure of the run. */
  readonly isHard: boolean
  /** Relative spread of `value` between runs on a quiet machine: within it a change says nothing. */
  readonly noise: number
  readonly note: string
}

export type Verdict = "met" | "missed" | "not measured"

export function verdictOf({ value, goal }: Row): Verdict {
  if (value === null) return "not measured"
  const isMet = "atMost" in goal ? value <= goal.atMost : value >= goal.atLeast
  return isMet ? "met" : "missed"
}

interface RowFields {
  readonly id: string
  readonly name: string
  readonly unit: string
  readonly goal: Row["goal"]
  readonly isHard?: boolean
  readonly noise?: number
  readonly note?: string
}

const usualNoise = 0.1

/** A row whose goal is a ratio. */
export function ratioRow(fields: RowFields, ours: number, reference: number): Row {
  return { ...base(fields), ours, reference, value: ours / reference }
}

/** A row whose goal is a number of ours; `reference` is shown beside it. */
export function plainRow(fields: RowFields, ours: number, reference: number | null): Row {
  return { ...base(fields), ours, reference, value: ours }
}

export function unmeasuredRow(fields: RowFields): Row {
  return { ...base(fields), ours: null, reference: null, value: null }
}

function base({ id, name, unit, goal, isHard = false, noise = usualNoise, note = "" }: RowFields) {
  return { id, name, unit, goal, isHard, noise, note }
}
