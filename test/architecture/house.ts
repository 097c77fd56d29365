/** A folder of `src/` whose files belong together. */
export interface Room {
  /** From `src/` on. */
  readonly folder: string
  /** Files by which others enter it, without `.ts`; `all`: a shelf, from which each file is taken by itself. */
  readonly doors: readonly string[] | "all"
  /** Other rooms that it may know; left out: all that stand behind it. */
  readonly knows?: readonly string[]
}

export const rooms: readonly Room[] = []
