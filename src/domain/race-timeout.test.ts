import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { raceTimeout } from "./race-timeout.ts"

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it("is true where the work is done in time, and leaves no timer", async () => {
  expect(await raceTimeout(Promise.resolve(), 60_000)).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
})

it("is false where the time runs out first", async () => {
  const race = raceTimeout(new Promise(() => {}), 60_000)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await race).toBe(false)
})

it("rejects with the work, and leaves no timer that would hold the process", async () => {
  await expect(raceTimeout(Promise.reject(new Error("It failed.")), 60_000)).rejects.toThrow("It failed.")
  expect(vi.getTimerCount()).toBe(0)
})
