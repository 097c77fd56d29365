import { describe, expect, it } from "vitest"
import type { Item, MessageItem, Role } from "../../domain/items.ts"
import { textOf } from "../../domain/items.ts"
import { saidNow } from "./turn-notes.ts"

const message = (role: Role, ...texts: string[]): MessageItem => ({
  type: "message",
  id: "msg_1",
  role,
  content: texts.map((text) => ({ type: "text", text })),
  phase: null,
  status: "completed",
})
const output = {
  type: "function_call_output" as const,
  id: "fco_1",
  callId: "call_1",
  output: [],
  status: "completed" as const,
}
const past: readonly Item[] = [message("assistant", "Hi")]
const told = (added: Parameters<typeof saidNow>[0]["added"], clientHistory = past, parentTurnId = null) =>
  saidNow({ added, clientHistory, parentTurnId }).map(({ role, content }) => [role, textOf(content)])

describe("the new messages of a turn", () => {
  it("are those that say something, and nothing of ours", () => {
    const picture: MessageItem = { ...message("user"), content: [{ type: "image", url: "data:," }] }
    expect(saidNow({ added: [picture], clientHistory: [], parentTurnId: null })).toEqual([picture])
    expect(told([message("user", ""), message("developer", "Be brief.")])).toEqual([
      ["user", ""],
      ["developer", "Be brief."],
    ])
    expect(told([output])).toEqual([])
    expect(told([output, message("user")])).toEqual([["user", ""]])
  })

  it("say what is the case where they say nothing", () => {
    expect(told([])).toEqual([["developer", expect.stringMatching(/Go on with your last answer/)]])
    expect(told([], [])).toEqual([["developer", expect.stringMatching(/said nothing yet/)]])
    expect(saidNow({ added: [], clientHistory: [], parentTurnId: "turn_1" })).toHaveLength(1)
    expect(told([message("user", " ", "")])[1]).toEqual([
      "developer",
      expect.stringMatching(/message with nothing in it/),
    ])
    // Settings in the input keep their place there, and say nothing.
    expect(told([message("developer")])[1]).toEqual(["developer", expect.stringMatching(/Go on with/)])
  })
})
