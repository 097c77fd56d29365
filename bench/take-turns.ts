import type { Figures, Measurement, Side } from "./measurement.ts"
import type { Build } from "./support/installation.ts"

/** What was measured, a round after the other; the same place is the same round for each side. */
export interface Readings {
  readonly ours: readonly Figures[]
  readonly reference: readonly Figures[]
  readonly before: readonly Figures[]
}

type SideName = keyof Readings

/**
 * Measures all sides round by round; who begins changes with each round. What else happens on the machine hits them alike, and
 * one that always came behind a certain other would find the machine as that one leaves it.
 */
export async function takeTurns(
  measurement: Measurement,
  builds: { readonly ours: Build; readonly before: Build | null },
): Promise<Readings> {
  const { openBuild, openReference, rounds, warmUps } = measurement
  const readings: Record<SideName, Figures[]> = { ours: [], reference: [], before: [] }
  if (measurement.cannot !== undefined) return readings
  const { ours, before } = builds
  const openings: readonly [SideName, () => Promise<Side>][] = [
    ...(openReference === null ? [] : [["reference", openReference] as [SideName, () => Promise<Side>]]),
    ["ours", () => openBuild(ours)],
    ...(before === null ? [] : [["before", () => openBuild(before)] as [SideName, () => Promise<Side>]]),
  ]
  const sides: [SideName, Side][] = []
  try {
    for (const [name, open] of openings) sides.push([name, await open()])
    for (let round = 0; round < warmUps + rounds; round += 1) {
      const first = round % sides.length
      for (const [name, side] of [...sides.slice(first), ...sides.slice(0, first)]) {
        const figures = await side.measure(round)
        if (round >= warmUps) readings[name].push(figures)
      }
    }
  } finally {
    await Promise.all(sides.map(([, side]) => side.stop()))
  }
  return readings
}
