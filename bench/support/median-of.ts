import { median } from "./statistics.ts"

/** The median of `count` runs: a round of what takes a few milliseconds, of which a single one says little. */
export async function medianOf(count: number, run: () => Promise<number>): Promise<number> {
  const values: number[] = []
  for (let index = 0; index < count; index += 1) values.push(await run())
  return median(values)
}
