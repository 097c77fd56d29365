import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { FunctionCallItem } from "../../../domain/items.ts"
import { OpenCalls } from "./open-calls.ts"

function call(callId: string): FunctionCallItem {
  return { type: "function_call", id: callId, callId, name: "f", arguments: "{}", status: "completed" }
}

describe("calls of the client's functions", () => {
  let released: string[][]
  let calls: OpenCalls<number>

  beforeEach(() => {
    vi.useFakeTimers()
    released = []
    calls = new OpenCalls((items) => released.push(items.map((item) => item.callId)))
  })

  afterEach(() => vi.useRealTimers())

  it("are released together when the answer that announced them is complete", () => {
    calls.announce("a")
    calls.arrived(1, call("a"))
    calls.announce("b")
    calls.answerCompleted()
    expect(released).toEqual([])
    calls.arrived(2, call("b"))
    expect(released).toEqual([["a", "b"]])
  })

  it("are released at once when they arrive after the complete answer", () => {
    calls.announce("a")
    calls.answerCompleted()
    calls.arrived(1, call("a"))
    expect(released).toEqual([["a"]])
  })

  it("wait for a short silence where nothing announces them", () => {
    calls.arrived(1, call("a"))
    vi.advanceTimersByTime(3)
    calls.arrived(2, call("b"))
    expect(released).toEqual([])
    vi.advanceTimersByTime(100)
    expect(released).toEqual([["a", "b"]])
  })

  it("do not wait for ever for one that was announced and does not come", () => {
    calls.announce("a")
    calls.announce("b")
    calls.arrived(1, call("a"))
    calls.answerCompleted()
    vi.advanceTimersByTime(1_000)
    expect(released).toEqual([["a"]])
    calls.arrived(2, call("b"))
    vi.advanceTimersByTime(100)
    expect(released).toEqual([["a"], ["b"]])
  })

  it("wait for one more that is on its way", () => {
    calls.expectMore()
    calls.arrived(1, call("a"))
    vi.advanceTimersByTime(14)
    calls.expectMore()
    vi.advanceTimersByTime(14)
    expect(released).toEqual([])
    calls.arrived(2, call("b"))
    vi.advanceTimersByTime(100)
    expect(released).toEqual([["a", "b"]])
  })

  it("are forgotten when the agent does not wait for them any more", () => {
    calls.arrived(1, call("a"))
    calls.arrived(2, call("b"))
    calls.withdraw("a")
    vi.advanceTimersByTime(100)
    expect(released).toEqual([["b"]])
    calls.withdraw("b")
    expect(calls.take("b")).toBeNull()
  })

  it("can be answered once, and not after the turn", () => {
    calls.arrived(7, call("a"))
    expect(calls.take("a")).toBe(7)
    expect(calls.take("a")).toBeNull()
    calls.arrived(8, call("b"))
    calls.drop()
    expect(calls.take("b")).toBeNull()
    expect(released).toEqual([["a", "b"]])
  })
})
