import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { TurnError } from "../../domain/errors.ts"
import { Deadline } from "./deadline.ts"
import type { StopCause } from "./outcome.ts"

const limits = { turnMs: 100_000, silenceMs: 50_000, reconnectMs: 9_000 }
const busy: TurnError = { code: "server_is_overloaded", message: "Overloaded", modelStatus: 529 }

describe("a CLI that cannot get at its model", () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function start(): { deadline: Deadline; causes: StopCause[] } {
    const causes: StopCause[] = []
    return { deadline: new Deadline(limits, (cause) => causes.push(cause)), causes }
  }

  it("ends its turn with what it said last, after the time that it may try again", () => {
    const { deadline, causes } = start()
    deadline.trouble("Reconnecting 1/5", null)
    vi.advanceTimersByTime(5_000)
    deadline.trouble("Reconnecting 2/5", busy)
    vi.advanceTimersByTime(3_999)
    expect(causes).toEqual([])
    vi.advanceTimersByTime(1)
    expect(causes).toEqual([
      {
        code: "server_is_overloaded",
        message: expect.stringMatching(/^For 9 s .*Overloaded/),
        details: { modelStatus: 529 },
      },
    ])
    deadline.stop()
  })

  it("has timed out where it does not say what is wrong, and has not where it goes on", () => {
    const { deadline, causes } = start()
    deadline.trouble("Reconnecting", null)
    deadline.progress()
    vi.advanceTimersByTime(9_000)
    expect(causes).toEqual([])
    deadline.trouble("Reconnecting", null)
    vi.advanceTimersByTime(9_000)
    expect(causes).toMatchObject([{ code: "turn_timeout" }])
    deadline.stop()
  })

  it.each<[string, Partial<TurnError>]>([
    ["is used up", { code: "insufficient_quota" }],
    ["begins anew later than that", { code: "rate_limit_exceeded", resetsAt: 3_600_000 }],
  ])("is not waited for where its limit %s", (_title, fields) => {
    vi.setSystemTime(0)
    const { deadline, causes } = start()
    const error = { ...busy, message: "No more today", modelStatus: 429, ...fields }
    deadline.trouble("Trying again", error)
    const { code, message, modelStatus: status } = error
    const resetsAt = "resetsAt" in fields ? { resetsAt: fields.resetsAt } : {}
    expect(causes).toEqual([{ code, message, details: { modelStatus: status, ...resetsAt } }])
    deadline.stop()
  })

  it("is waited for where the limit begins anew in time", () => {
    vi.setSystemTime(0)
    const { deadline, causes } = start()
    deadline.trouble("Trying again", { ...busy, code: "rate_limit_exceeded", resetsAt: 7_000 })
    vi.advanceTimersByTime(8_000)
    expect(causes).toEqual([])
    deadline.stop()
  })
})
