import fc from "fast-check"
import { expect, it } from "vitest"
import type { ClockState } from "../../domain/store.ts"
import { AgeClock, dayMs } from "./age-clock.ts"

/** A ledger that has the clock's state only. */
function ledgerWith(state: ClockState | null) {
  const ledger = {
    state,
    readClock: async () => ledger.state,
    saveClock: async (saved: ClockState) => {
      ledger.state = saved
    },
  }
  return ledger
}

it("goes with the machine's clock as long as that goes on", async () => {
  let wall = 1_000
  const clock = await AgeClock.open(ledgerWith(null), () => wall)
  wall += 5_000
  expect(clock.now()).toBe(6_000)
  await clock.swept()
  wall += 5_000
  expect(clock.now()).toBe(11_000)
})

it("never goes back, and goes on by a day at most between two sweeps, whatever the machine's clock does and how often it is started", () => {
  return fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ wall: fc.nat(1_000 * dayMs), starts: fc.boolean(), sweeps: fc.boolean() })),
      async (steps) => {
        let wall = 500 * dayMs
        const ledger = ledgerWith({ age: wall, wall })
        let clock = await AgeClock.open(ledger, () => wall)
        let atSweep = clock.now()
        for (const step of steps) {
          wall = step.wall
          if (step.starts) clock = await AgeClock.open(ledger, () => wall)
          const age = clock.now()
          expect(age).toBeGreaterThanOrEqual(atSweep)
          expect(age - atSweep).toBeLessThanOrEqual(dayMs)
          if (!step.sweeps) continue
          await clock.swept()
          atSweep = clock.now()
        }
      },
    ),
  )
})

it("believes of the machine's time a day more than at the last sweep, and any earlier time", async () => {
  let wall = 100 * dayMs
  const clock = await AgeClock.open(ledgerWith({ age: 1, wall }), () => wall)
  wall += 50 * dayMs
  expect(clock.believedWall()).toBe(101 * dayMs)
  wall = 3 * dayMs
  expect(clock.believedWall()).toBe(3 * dayMs)
})
