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
