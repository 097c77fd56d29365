/** The value below which the share `q` (0 to 1) of the values lies; the nearest one, nothing is interpolated. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]
  if (value === undefined) throw new Error("no values were measured")
  return value
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Where the median of what was drawn from lies, with a probability of at least 95 %. */
export interface Interval {
  readonly middle: number
  readonly low: number
  readonly high: number
}

/**
 * The median with its 95 % interval by the sign test: as many of the smallest and of the largest values are left out as a coin
 * would put on one side in at most 2.5 % of all runs. Nothing is assumed of the distribution, an outlier counts like any other
 * value, and it is the same for ratios and for their logarithms. Null below six values, of which no two give 95 %.
 */
export function medianInterval(values: readonly number[]): Interval | null {
  const sorted = values.toSorted((a, b) => a - b)
  const left = leftOut(sorted.length)
  const [low, high] = [sorted[left], sorted[sorted.length - 1 - left]]
  if (left < 0 || low === undefined || high === undefined) return null
  return { middle: median(values), low, high }
}

/** How many values go at each end; -1: there are too few. */
function leftOut(count: number): number {
  let left = -1
  let logChoose = 0
  let probability = 0
  for (let heads = 0; heads < count; heads += 1) {
    // Logarithms: two to the power of a thousand is no number.
    probability += Math.exp(logChoose - count * Math.LN2)
    if (probability > 0.025) return left
    left = heads
    logChoose += Math.log((count - heads) / (heads + 1))
  }
  return left
}

/** What one figure is to another. Nothing to nothing is as much; a difference of two figures may be below zero. */
export function ratioOf(value: number, other: number): number {
  if (other > 0) return Math.max(0, value) / other
  return value > 0 ? Number.POSITIVE_INFINITY : 1
}
