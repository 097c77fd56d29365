/**
 * How often properties are tried: a small sample with a fixed seed in each run of the tests. `PROPERTY_RUNS` multiplies it, and
 * `PROPERTY_SEED` (a number, or `random`) begins elsewhere. What fails is told with its seed and its counterexample.
 */
export function propertyRuns(sample: number): { readonly numRuns: number; readonly seed: number } {
  const { PROPERTY_RUNS: runs = "1", PROPERTY_SEED: seed = "16" } = process.env
  return {
    numRuns: sample * Number(runs),
    seed: seed === "random" ? Math.floor(Math.random() * 2 ** 31) : Number(seed),
  }
}
