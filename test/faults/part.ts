import type { Build } from "./support/build.ts"
import type { Random } from "./support/random.ts"

/** One number that a part has counted, as the table shows it. */
export interface Count {
  readonly what: string
  readonly value: number
  /** Null: told, not judged. */
  readonly atMost: number | null
  readonly unit?: string
}

export interface PartResult {
  /** What was done, in a few words: `300 kills of 1,204 turns`. */
  readonly done: string
  readonly counts: readonly Count[]
  /** What was seen where a count is not what it must be; the first few are printed. */
  readonly faults: readonly string[]
}

export interface PartContext {
  readonly build: Build
  /** A few rounds: shows that the part works. */
  readonly isQuick: boolean
  /** So many of the `full` number of repetitions as this run is to make, at least one. */
  readonly repetitions: (full: number) => number
  readonly random: Random
  /** A new folder, removed at the end of the run. */
  newFolder(name: string): Promise<string>
  /** For people who wait, on stderr. */
  tell(text: string): void
}

export type Part = (context: PartContext) => Promise<PartResult>

/** A count that must be 0. */
export function none(what: string, value: number): Count {
  return { what, value, atMost: 0 }
}

/** A count that is only told. */
export function told(what: string, value: number, unit?: string): Count {
  return { what, value, atMost: null, ...(unit !== undefined && { unit }) }
}

export function bounded(what: string, value: number, atMost: number, unit?: string): Count {
  return { what, value, atMost, ...(unit !== undefined && { unit }) }
}

export function isMissed({ value, atMost }: Count): boolean {
  return atMost !== null && !(value <= atMost)
}
