import { describe, expect, it } from "vitest"
import type { FunctionCallItem } from "../../domain/items.ts"
import type { ToolCall } from "../../domain/tool-endpoint.ts"
import { ClientCalls } from "./client-calls.ts"

function fixture() {
  const released: string[][] = []
  const calls = new ClientCalls((items: readonly FunctionCallItem[]) => {
    released.push(items.map(({ callId }) => callId))
  })
  const answers: string[] = []
  const request = (name: string, args: string, signal = new AbortController().signal): ToolCall => ({
    callId: "call_mcp",
    name,
    arguments: args,
    meta: {},
    signal,
    answer: (output) =>
      answers.push(`${args} ${output.map((part) => (part.type === "text" ? part.text : "")).join("")}`),
  })
  const announce = (id: string, n: number) =>
    calls.announce({ id, name: "mcp__client__f", input: { n }, inputText: JSON.stringify({ n }) })
  return { released, calls, answers, request, announce }
}

const said = (text: string) => [{ type: "text" as const, text }]

describe("ClientCalls", () => {
  it("releases all calls of a message once it is complete and one of them is requested", () => {
    const { released, calls, request, announce } = fixture()
    calls.messageBegan()
    announce("a", 1)
    calls.requested(request("f", '{"n":1}'))
    announce("b", 2)
    expect(released).toEqual([])
    calls.messageEnded()
    expect(released).toEqual([["a", "b"]])
  })

  it("keeps an answer for the request that has not come yet", () => {
    const { calls, answers, request, announce } = fixture()
    calls.messageBegan()
    announce("a", 1)
    announce("b", 2)
    calls.messageEnded()
    calls.requested(request("f", '{"n":1}'))
    expect(calls.answer("b", said("two"))).toBe(true)
    expect(answers).toEqual([])
    expect(calls.answer("a", said("one"))).toBe(true)
    calls.requested(request("f", '{ "n": 2 }'))
    expect(answers).toEqual(['{"n":1} one', '{ "n": 2 } two'])
  })

  it("knows no call that was answered, given up, or never made", () => {
    const { calls, request, announce } = fixture()
    const gone = new AbortController()
    calls.messageBegan()
    for (const [id, n] of [
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ] as const)
      announce(id, n)
    calls.messageEnded()
    calls.requested(request("f", '{"n":1}'))
    calls.requested(request("f", '{"n":2}', gone.signal))
    calls.answer("a", said("x"))
    gone.abort()
    calls.ended("c")
    expect(["a", "b", "c", "d"].map((id) => calls.answer(id, said("x")))).toEqual([
      false,
      false,
      false,
      false,
    ])
  })

  it("takes a request that comes before its announcement", () => {
    const { released, calls, answers, request, announce } = fixture()
    calls.requested(request("f", '{"n":1}'))
    calls.messageBegan()
    announce("a", 1)
    calls.messageEnded()
    expect(released).toEqual([["a"]])
    calls.answer("a", said("one"))
    expect(answers).toEqual(['{"n":1} one'])
  })
})
