import { expect, it } from "vitest"
import type { FunctionCallItem, FunctionCallOutputItem, ItemStatus } from "../../domain/items.ts"
import { assertCallsAnswered, openCalls } from "./request-items.ts"

function call(callId: string, status: ItemStatus = "completed"): FunctionCallItem {
  return { type: "function_call", id: `fc_${callId}`, callId, name: "get_weather", arguments: "{}", status }
}

function output(callId: string): FunctionCallOutputItem {
  return { type: "function_call_output", id: `fco_${callId}`, callId, output: [], status: "completed" }
}

it("finds the calls that wait for an output, without those that were cut short", () => {
  expect(openCalls([call("a"), call("b"), output("a"), call("c", "incomplete")])).toEqual([call("b")])
})

it("wants an output for each call, and a call for each output", () => {
  expect(() => assertCallsAnswered([call("a")], [])).toThrow(/'a'/)
  expect(() => assertCallsAnswered([], [output("b")])).toThrow(/'b'/)
  expect(() => assertCallsAnswered([call("a"), call("c", "incomplete")], [output("a")])).not.toThrow()
})
