import { describe, expect, it } from "vitest"
import type { Item, Phase, Role } from "../domain/items.ts"
import { historyHash, splitInput } from "./history.ts"

function say(role: Role, text: string, phase: Phase = null): Item {
  return { type: "message", id: "m", role, content: [{ type: "text", text }], phase, status: "completed" }
}

const reasoning: Item = { type: "reasoning", id: "r", summary: ["hm"], status: "completed" }

describe("historyHash", () => {
  it("is the same turn by turn and all at once", () => {
    const first = historyHash(null, [say("user", "hi"), say("assistant", "hello")])
    const then = historyHash(first, [say("user", "more"), say("assistant", "yes")])
    const atOnce = [
      say("user", "hi"),
      say("assistant", "hello"),
      say("user", "more"),
      say("assistant", "yes"),
    ]
    expect(then).toBe(historyHash(null, atOnce))
  })

  it("does not care whether a client sends back reasoning, commentary and the agent's tools", () => {
    const bare = historyHash(null, [say("user", "hi"), say("assistant", "done")])
    const all = historyHash(null, [
      say("user", "hi"),
      reasoning,
      say("assistant", "looking", "commentary"),
      say("assistant", "done", "final_answer"),
    ])
    expect(all).toBe(bare)
  })

  it("takes several messages of one answer like their one text", () => {
    const apart = historyHash(null, [say("user", "hi"), say("assistant", "a"), say("assistant", "b")])
    expect(apart).toBe(historyHash(null, [say("user", "hi"), say("assistant", "a\n\nb")]))
    const withLineEnds = historyHash(null, [
      say("user", "hi"),
      say("assistant", "a\n"),
      say("assistant", "b\n"),
    ])
    expect(withLineEnds).toBe(historyHash(null, [say("user", "hi"), say("assistant", "a\n\n\nb")]))
  })

  it("differs by role, text, order and image", () => {
    const image: Item = {
      ...(say("user", "") as Extract<Item, { type: "message" }>),
      content: [{ type: "image", url: "data:image/png;base64,AA==" }],
    }
    const hashes = [
      historyHash(null, [say("user", "a")]),
      historyHash(null, [say("assistant", "a")]),
      historyHash(null, [say("developer", "a")]),
      historyHash(null, [say("user", "b")]),
      historyHash(null, [say("user", "a"), say("user", "b")]),
      historyHash(null, [say("user", "b"), say("user", "a")]),
      historyHash(null, [image]),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
  })
})

describe("splitInput", () => {
  it("cuts behind the last thing that the agent said", () => {
    const input = [say("user", "a"), say("assistant", "b"), say("user", "c"), say("user", "d")]
    expect(splitInput(input)).toEqual({ history: input.slice(0, 2), added: input.slice(2) })
  })

  it("finds no history in a first request", () => {
    expect(splitInput([say("developer", "be brief"), say("user", "a")]).history).toEqual([])
  })
})
