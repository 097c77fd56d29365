import { describe, expect, it } from "vitest"
import type { ResponseEvent } from "../../domain/response-events.ts"
import { ResponseLog } from "../../engine/log/response-log.ts"
import { placeBehind } from "./response-replay.ts"

function logOf(...types: ("created" | "in_progress" | "completed" | "failed")[]): ResponseLog {
  const log = new ResponseLog()
  for (const type of types) log.append({ type } satisfies ResponseEvent)
  return log
}

function closed(log: ResponseLog): ResponseLog {
  log.close()
  return log
}

describe("the place behind an event", () => {
  it("is the next one of the log, also where it has not come yet", () => {
    const log = logOf("created", "in_progress")
    expect(placeBehind(-1, log)).toEqual({ from: 0, after: -1, shift: 0 })
    expect(placeBehind(0, log)).toEqual({ from: 1, after: 0, shift: 0 })
    expect(() => placeBehind(1, log)).not.toThrow()
  })

  it("is refused behind events that never were", () => {
    expect(() => placeBehind(2, logOf("created", "in_progress"))).toThrow(/starting_after|no event number 2/)
  })

  it("at the end is the last entry, of which only what was not seen is sent", () => {
    const log = closed(logOf("created", "in_progress", "failed"))
    expect(placeBehind(1, log)).toEqual({ from: 2, after: 1, shift: 0 })
    // `error` was seen, `response.failed` was not; then both; then more than there is, which the end comes behind.
    expect(placeBehind(2, log)).toEqual({ from: 2, after: 2, shift: 0 })
    expect(placeBehind(3, log)).toEqual({ from: 2, after: 3, shift: 0 })
    expect(placeBehind(4, log)).toEqual({ from: 2, after: 4, shift: 3 })
    const completed = closed(logOf("created", "completed"))
    expect(placeBehind(1, completed)).toEqual({ from: 1, after: 1, shift: 0 })
    expect(placeBehind(2, completed)).toEqual({ from: 1, after: 2, shift: 2 })
  })

  it("comes before the end in any case where events may have been lost that had the end's numbers", () => {
    const log = closed(logOf("created", "in_progress", "failed"))
    expect(placeBehind(1, log, true)).toEqual({ from: 2, after: 1, shift: 0 })
    expect(placeBehind(2, log, true)).toEqual({ from: 2, after: 2, shift: 1 })
    expect(placeBehind(3, log, true)).toEqual({ from: 2, after: 3, shift: 2 })
  })
})
