import { PassThrough } from "node:stream"
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { pipedInput } from "./piped-input.ts"

let stdin: PassThrough

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  stdin = new PassThrough()
})
afterEach(() => vi.useRealTimers())

it("is not waited for where nobody writes", async () => {
  const reading = pipedInput(stdin, 3_000)
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await reading).toBeNull()
  expect(stdin.destroyed).toBe(true)
})

it("is read to its end once it has begun, however long that takes", async () => {
  const reading = pipedInput(stdin, 3_000)
  stdin.write("fïrst\n")
  await vi.advanceTimersByTimeAsync(60_000)
  stdin.end("second\n")
  expect(await reading).toBe("fïrst\nsecond\n")
})

it("is waited for without a bound where that is asked for", async () => {
  const reading = pipedInput(stdin, null)
  await vi.advanceTimersByTimeAsync(60_000)
  stdin.end("late\n")
  expect(await reading).toBe("late\n")
})

it("is nothing where it is closed", async () => {
  const reading = pipedInput(stdin, 3_000)
  stdin.end()
  expect(await reading).toBe("")
})
