import { afterEach, expect, it, vi } from "vitest"
import { BoundLog } from "./bounds.ts"

afterEach(() => void vi.useRealTimers())

it("a bound that is met all the time is told at once, and then every ten seconds with how often", () => {
  const lines: unknown[] = []
  let now = 0
  const bounds = new BoundLog(
    (level, message, fields) => lines.push([level, message, fields]),
    () => now,
  )
  for (let times = 0; times < 100; times += 1) bounds.met("connections", { open: 7 })
  bounds.met("websockets", {})
  now = 10_000
  bounds.met("connections", { open: 8 })
  expect(lines).toEqual([
    ["warn", "a bound was met", { bound: "connections", times: 1, open: 7 }],
    ["warn", "a bound was met", { bound: "websockets", times: 1 }],
    ["warn", "a bound was met", { bound: "connections", times: 100, open: 8 }],
  ])
})

it("a bound that is met is told again after ten seconds, also when the date was set back", () => {
  vi.useFakeTimers()
  const told: unknown[] = []
  const bounds = new BoundLog((_, message) => told.push(message))
  bounds.met("connections", {})
  vi.setSystemTime(new Date("1970-01-01"))
  vi.advanceTimersByTime(10_000)
  bounds.met("connections", {})
  expect(told).toHaveLength(2)
})
