import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { HistoryTurn } from "../../domain/backend.ts"
import type { Item } from "../../domain/items.ts"
import { fitId, withFitIds } from "./call-ids.ts"

const status = "completed"
const call = (callId: string): Item => ({
  type: "function_call",
  id: callId,
  callId,
  name: "f",
  arguments: "{}",
  status,
})
const output = (callId: string, text: string): Item => ({
  type: "function_call_output",
  id: "o",
  callId,
  output: [{ type: "text", text }],
  status,
})
const turn = (
  input: readonly Item[],
  out: readonly Item[],
  native: HistoryTurn["native"] = null,
): HistoryTurn => ({
  input,
  output: out,
  native,
})
const idsOf = (history: readonly HistoryTurn[]) =>
  history.map(({ input, output: out }) =>
    [...input, ...out].map((item) => ("callId" in item ? item.callId : item.id)),
  )

describe("ids of calls in a history", () => {
  it("are those of one call each, and their outputs go with them", () => {
    const history = [
      turn([], [call("call_0")]),
      turn([output("call_0", "a")], [call("call_0")]),
      turn([output("call_0", "b")], []),
    ]
    expect(idsOf(withFitIds(history, "codex"))).toEqual([["call_0"], ["call_0", "call_0_2"], ["call_0_2"]])
  })

  it("stay as a native item has them, also where another call had the id before", () => {
    const native = { kind: "codex", items: [{ type: "function_call", call_id: "x" }] }
    const history = [
      turn([], [call("x")]),
      turn([output("x", "a")], [call("x")], native),
      turn([output("x", "b")], []),
    ]
    expect(idsOf(withFitIds(history, "codex"))).toEqual([["x_2"], ["x_2", "x"], ["x"]])
  })

  it("stay where they are fit", () => {
    const history = [turn([], [call("call_A-1")]), turn([output("call_A-1", "a")], [])]
    expect(withFitIds(history, "codex")).toEqual(history)
  })

  it("have no more than 64 letters, digits, dashes and underscores, and stay apart", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ maxLength: 90 })), (ids) => {
        const fit = ids.map(fitId)
        for (const id of fit) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
        expect(new Set(fit).size).toBe(ids.length)
      }),
    )
  })
})
