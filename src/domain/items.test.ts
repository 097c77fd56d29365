import { expect, it } from "vitest"
import { answerText, type Item, type Phase } from "./items.ts"

function said(text: string, phase: Phase = null): Item {
  return {
    type: "message",
    id: "msg_1",
    role: "assistant",
    content: [{ type: "text", text }],
    phase,
    status: "completed",
  }
}

it("joins the messages of an answer by blank lines and leaves commentary and empty ones out", () => {
  expect(
    answerText([said("I look.", "commentary"), said("One."), said(""), said("Two.", "final_answer")]),
  ).toBe("One.\n\nTwo.")
})

it("is empty where the agent said nothing", () => {
  expect(answerText([said("I look.", "commentary")])).toBe("")
})
