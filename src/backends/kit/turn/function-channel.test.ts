import { describe, expect, it } from "vitest"
import { waitFor } from "../../../../test/support/wait-for.ts"
import { type ContentPart, type FunctionTool, textOf } from "../../../domain/items.ts"
import type { ToolCall, ToolEndpoint } from "../../../domain/tool-endpoint.ts"
import type { TurnEvent } from "../../../domain/turn-events.ts"
import { functionRules } from "../functions/function-rules.ts"
import { FittedFunctions } from "../functions/handed-functions.ts"
import { FunctionChannel } from "./function-channel.ts"

const lookup: FunctionTool = { name: "lookup", description: "", parameters: {} }

const settings = {
  fitted: new FittedFunctions(),
  rules: functionRules["codex exec"],
  tools: [lookup],
  holdMsOf: () => 7,
  gathering: { quietMs: 200, isExtended: true },
}

/** An endpoint without HTTP, and what a CLI would be told. */
function fakeEndpoint() {
  let onCall: (call: ToolCall) => void = () => {}
  let count = 0
  const answers: string[] = []
  const endpoint: ToolEndpoint = {
    open: async (_tools, handler) => {
      onCall = handler
      const close = () => answers.push("closed")
      return { url: "http://127.0.0.1:1/mcp", headers: {}, setTools: async () => true, close }
    },
  }
  const call = (signal = new AbortController().signal) => {
    count += 1
    const callId = `call_${count}`
    const answer = (output: readonly ContentPart[], isError = false) =>
      answers.push(`${callId}${isError ? " failed" : ""}: ${textOf(output)}`)
    onCall({ callId, name: "lookup", arguments: "{}", meta: {}, signal, answer })
  }
  return { endpoint, answers, call }
}

const said = (text: string) => [{ type: "text" as const, text }]

describe("a channel of functions", () => {
  it("shows calls that come at about the same time together, and takes each answer once", async () => {
    const { endpoint, answers, call } = fakeEndpoint()
    const channel = await FunctionChannel.open({
      ...settings,
      endpoint,
    })
    const events: TurnEvent[] = []
    channel.beginTurn((event) => events.push(event))
    call()
    call()
    expect(events).toEqual([])
    await waitFor(() => events.length > 0, { what: "the calls to be shown" })
    expect(events).toMatchObject([
      { type: "function.called", item: { callId: "call_1", name: "lookup" }, holdMs: 7 },
      { type: "function.called", item: { callId: "call_2" }, holdMs: 7 },
    ])
    channel.answer("call_2", said("b"))
    channel.answer("call_1", said("a"))
    expect(answers).toEqual(["call_2: b", "call_1: a"])
    expect(() => channel.answer("call_1", said("a"))).toThrow("No call call_1 is open")
  })

  it("refuses calls outside of a turn, and those that its end leaves open", async () => {
    const { endpoint, answers, call } = fakeEndpoint()
    const channel = await FunctionChannel.open({
      ...settings,
      endpoint,
    })
    call()
    const events: TurnEvent[] = []
    channel.beginTurn((event) => events.push(event))
    call()
    channel.endTurn()
    call()
    expect(answers.map((answer) => answer.split(":")[0])).toEqual([
      "call_1 failed",
      "call_2 failed",
      "call_3 failed",
    ])
    channel.close()
    expect(answers.at(-1)).toBe("closed")
    expect(events).toEqual([])
  })

  it("takes no answer for a call that the CLI has given up", async () => {
    const { endpoint, answers, call } = fakeEndpoint()
    const channel = await FunctionChannel.open({
      ...settings,
      endpoint,
    })
    const events: TurnEvent[] = []
    channel.beginTurn((event) => events.push(event))
    const givesUp = new AbortController()
    call(givesUp.signal)
    call()
    await waitFor(() => events.length === 2, { what: "the calls to be shown" })
    givesUp.abort()
    expect(() => channel.answer("call_1", said("late"))).toThrow("No call call_1 is open")
    channel.answer("call_2", said("b"))
    expect(answers).toEqual(["call_2: b"])
  })
})
