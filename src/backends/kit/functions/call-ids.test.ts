import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { propertyRuns } from "../../../../test/support/property-runs.ts"
import type { HistoryTurn } from "../../../domain/backend.ts"
import type { Item } from "../../../domain/items.ts"
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
const command = (id: string): Item => ({
  type: "command",
  id,
  command: "ls",
  cwd: null,
  output: "",
  exitCode: 0,
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

  it("are each that of one call, in any history, and outputs go with their calls", () => {
    const id = fc.oneof(
      fc.constantFrom(
        "call_0",
        "call_0_2",
        "call_1",
        "call_0_2_2",
        "a.b",
        "a_b",
        "",
        "x".repeat(64),
        "x".repeat(65),
      ),
      fc.string({ maxLength: 70 }),
    )
    // What each did: a call, a command, an output of a call before it, or one of a call that nobody made.
    const step = fc.record({ id, kind: fc.constantFrom("call", "call", "output", "command", "orphan") })
    const rounds = fc.array(fc.record({ steps: fc.array(step, { maxLength: 5 }), isNative: fc.boolean() }), {
      maxLength: 6,
    })
    fc.assert(
      fc.property(rounds, (given) => {
        const made = new Set<string>()
        const history: HistoryTurn[] = []
        for (const { steps, isNative } of given) {
          const heard = steps.flatMap(({ id: own, kind }): Item[] => {
            if (kind === "output") return made.has(own) ? [output(own, "told")] : []
            return kind === "orphan" && !made.has(own) ? [output(own, "nobody's")] : []
          })
          const calls = steps.filter(({ kind }) => kind === "call" || kind === "command")
          // A model server gives no id twice.
          const isFit = calls.every(({ id: own }) => fitId(own) === own && !made.has(own))
          const out = calls.map(({ id: own, kind }) => (kind === "call" ? call(own) : command(own)))
          const items = isNative && isFit && new Set(calls.map(({ id: own }) => own)).size === calls.length
          history.push(turn(heard, out, items ? { kind: "codex", items: [{}] } : null))
          for (const { id: own, kind } of calls) if (kind === "call") made.add(own)
        }
        const told = withFitIds(history, "codex")
        const before = history.flatMap((each) => [...each.input, ...each.output])
        const after = told.flatMap((each) => [...each.input, ...each.output])
        const used = new Set<string>()
        const current = new Map<string, string>()
        for (const [index, item] of after.entries()) {
          const own = "callId" in item ? item.callId : item.id
          expect(own).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
          const was = before[index]
          const asked = was === undefined ? "" : "callId" in was ? was.callId : was.id
          if (item.type === "function_call_output") {
            const expected = current.get(asked)
            if (expected === undefined) expect([...current.values()]).not.toContain(own)
            else expect(own).toBe(expected)
            continue
          }
          expect([...used]).not.toContain(own)
          used.add(own)
          if (item.type === "function_call") current.set(asked, own)
        }
      }),
      propertyRuns(2_000),
    )
  })
})
