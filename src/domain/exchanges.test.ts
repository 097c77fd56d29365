import { describe, expect, it } from "vitest"
import { type Chain, chainAfter, exchangesOf, noChain } from "./exchanges.ts"
import type { Item, Phase, Role } from "./items.ts"

function say(role: Role, text: string, phase: Phase = null): Item {
  return { type: "message", id: "m", role, content: [{ type: "text", text }], phase, status: "completed" }
}

function call(callId: string, args = "{}"): Item {
  return { type: "function_call", id: "f", callId, name: "look", arguments: args, status: "completed" }
}

function output(callId: string): Item {
  return { type: "function_call_output", id: "o", callId, output: [], status: "completed" }
}

function chainOf(items: readonly Item[], before: Chain = noChain): Chain {
  return chainAfter(before, exchangesOf(items))
}

const reasoning: Item = { type: "reasoning", id: "r", summary: ["hm"], status: "completed" }

describe("the chain of a conversation", () => {
  it("is the same turn by turn and all at once", () => {
    const turns = [say("user", "hi"), say("assistant", "hello"), say("user", "more"), say("assistant", "yes")]
    expect(chainOf(turns.slice(2), chainOf(turns.slice(0, 2)))).toEqual(chainOf(turns))
  })

  it("does not care whether a client sends back reasoning, commentary and the agent's tools", () => {
    const all = chainOf([
      say("user", "hi"),
      reasoning,
      say("assistant", "looking", "commentary"),
      say("assistant", "done", "final_answer"),
    ])
    expect(all).toEqual(chainOf([say("user", "hi"), say("assistant", "done")]))
  })

  it("takes several messages of one answer like their one text, however they are joined", () => {
    const apart = chainOf([say("user", "hi"), say("assistant", "a\n"), say("assistant", "b\n")])
    for (const joined of ["a\n\nb", "a\n\n\nb", "a\r\nb  "]) {
      expect(chainOf([say("user", "hi"), say("assistant", joined)])).toEqual(apart)
    }
    const [made] = exchangesOf([say("user", "hi"), say("assistant", "a\n"), say("assistant", "b\n")])
    for (const joined of ["a b", "ab"]) {
      const [back] = exchangesOf([say("user", "hi"), say("assistant", joined)])
      expect(made?.said).toContain(back?.said[0])
    }
  })

  it("knows an answer also with what was withdrawn of it, as the reader of its stream has it", () => {
    const half = { ...say("assistant", "Half of "), isWithdrawn: true } as Item
    const items = [say("user", "hi"), half, say("assistant", "Whole.")]
    const [made] = exchangesOf(items)
    expect(chainOf(items)).toEqual(chainOf([say("user", "hi"), say("assistant", "Whole.")]))
    for (const joined of ["Half of \n\nWhole.", "Half of Whole.", "Half of\nWhole."]) {
      const [back] = exchangesOf([say("user", "hi"), say("assistant", joined)])
      expect(made?.said).toContain(back?.said[0])
    }
  })

  it("knows what was said without what was asked", () => {
    const one = chainOf([say("user", "hi"), say("assistant", "hello")])
    const other = chainOf([say("user", "hi, it is noon"), say("assistant", "hello")])
    expect(other.said).toBe(one.said)
    expect(other.all).not.toBe(one.all)
  })

  it("differs by role, text, order and image", () => {
    const image: Item = {
      ...(say("user", "") as Extract<Item, { type: "message" }>),
      content: [{ type: "image", url: "data:image/png;base64,AA==" }],
    }
    const chains = [
      [say("user", "a")],
      [say("assistant", "a")],
      [say("developer", "a")],
      [say("user", "b")],
      [say("user", "a"), say("user", "b")],
      [say("user", "b"), say("user", "a")],
      [image],
    ].map((items) => chainOf(items).all)
    expect(new Set(chains).size).toBe(chains.length)
  })
})

describe("calls of functions", () => {
  it("are recognised by their ids alone, together or one by one, whatever else comes back", () => {
    const made = chainOf([
      say("user", "go"),
      say("assistant", "I look."),
      call("call_1"),
      call("call_2"),
    ]).said
    const together = [call("call_1", '{"a": 1}'), call("call_2"), output("call_1"), output("call_2")]
    const oneByOne = [
      say("assistant", "Hm"),
      call("call_1"),
      output("call_1"),
      call("call_2"),
      output("call_2"),
    ]
    expect(chainOf([say("user", "go"), ...together]).said).toBe(made)
    expect(chainOf([say("user", "go"), ...oneByOne]).said).toBe(made)
  })

  it("are recognised by their arguments too, as an answer, and by an id of ours that is told in words", () => {
    const id = `call_${"ab".repeat(16)}`
    const [made] = exchangesOf([call(id, '{"output":{"city":"Oslo","days":[1,2]}}')])
    for (const told of ['{ "days": [1, 2], "city": "Oslo" }', `Calling tools:\n[{'id': '${id}'}]`]) {
      const [back] = exchangesOf([say("assistant", told)])
      expect(made?.said.some((mark) => back?.said.includes(mark))).toBe(true)
    }
    const [other] = exchangesOf([say("assistant", '{"days":[2,1],"city":"Oslo"}')])
    expect(made?.said.some((mark) => other?.said.includes(mark))).toBe(false)
  })
})
