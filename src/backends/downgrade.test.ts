import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { Downgrade } from "./cli-backend.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it.each(["1970-01-01", "2126-01-01"])("is over after a minute, also when the date was set to %s", (date) => {
  const downgrade = new Downgrade("it ended")
  vi.setSystemTime(new Date(date))
  vi.advanceTimersByTime(59_000)
  expect(downgrade.isDue).toBe(false)
  vi.advanceTimersByTime(2_000)
  expect(downgrade.isDue).toBe(true)
})
