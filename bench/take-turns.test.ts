import { expect, it } from "vitest"
import type { Measurement, Side } from "./measurement.ts"
import type { Build } from "./support/installation.ts"
import { takeTurns } from "./take-turns.ts"

const build = (launcher: string): Build => ({ launcher, nodeOptions: [] })
const builds = { ours: build("ours"), before: build("before") }

/** Sides that only say when it is their turn. */
function recorded(failing?: string) {
  const calls: string[] = []
  const stopped: string[] = []
  const open = async (name: string): Promise<Side> => ({
    measure: async (round) => {
      if (name === failing) throw new Error(`${name} broke`)
      calls.push(`${round}${name}`)
      return { round }
    },
    stop: async () => {
      stopped.push(name)
    },
  })
  const measurement: Measurement = {
    rows: [],
    rounds: 3,
    warmUps: 1,
    openBuild: (one) => open(one.launcher),
    openReference: () => open("C"),
  }
  return { calls, stopped, measurement }
}

it("measures each side once a round, and another one begins each time", async () => {
  const { calls, stopped, measurement } = recorded()
  const readings = await takeTurns(measurement, builds)
  expect(calls.join(" ")).toBe("0C 0ours 0before 1ours 1before 1C 2before 2C 2ours 3C 3ours 3before")
  const counted = [{ round: 1 }, { round: 2 }, { round: 3 }]
  expect(readings).toEqual({ ours: counted, reference: counted, before: counted })
  expect(stopped).toEqual(["C", "ours", "before"])
})

it("does without a build of before, and without a reference", async () => {
  const { measurement } = recorded()
  const readings = await takeTurns({ ...measurement, openReference: null }, { ...builds, before: null })
  expect([readings.ours.length, readings.reference, readings.before]).toEqual([3, [], []])
})

it("stops every side when one of them breaks", async () => {
  const { stopped, measurement } = recorded("before")
  await expect(takeTurns(measurement, builds)).rejects.toThrow("before broke")
  expect(stopped).toEqual(["C", "ours", "before"])
})

it("starts nothing where the machine cannot do it", async () => {
  const { calls, stopped, measurement } = recorded()
  const readings = await takeTurns({ ...measurement, cannot: "there is no such CLI" }, builds)
  expect([readings.ours, calls, stopped]).toEqual([[], [], []])
})
