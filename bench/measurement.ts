import type { BenchContext } from "./bench-context.ts"
import type { RowPlan } from "./row.ts"
import type { Build } from "./support/installation.ts"

/** What a side measured in one round, by name. One that is not measured in this round, or on this machine, is left out. */
export type Figures = Readonly<Record<string, number>>

/** One of those that take turns: this build, the build of before, C or the raw CLI. */
export interface Side {
  /** One round, counted from 0, those that warm up included. */
  measure(round: number): Promise<Figures>
  stop(): Promise<void>
}

/** Sides that are measured in rounds, and the rows that their figures make. */
export interface Measurement {
  readonly rows: readonly RowPlan[]
  /** Rounds that count; six are the fewest of which an interval can be given. */
  readonly rounds: number
  /** Rounds before them that do not. */
  readonly warmUps: number
  openBuild(build: Build): Promise<Side>
  /** Null: its rows are about the build alone. */
  readonly openReference: (() => Promise<Side>) | null
  /** Why this machine cannot do it. */
  readonly cannot?: string
}

/** What `--only` names: one measurement or some of a kind. */
export type MeasurementGroup = (context: BenchContext) => readonly Measurement[]
