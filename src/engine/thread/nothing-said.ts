import type { MessageItem } from "../../domain/items.ts"
import type { Plan } from "../plan/plan.ts"

const goOn =
  "Nothing new was said. Go on with your last answer from exactly where it ends: what you say now is put right behind it, so repeat " +
  "nothing of it, and say nothing about going on. If it is complete, add what is still of use."
const begin = "The user has said nothing yet. Do now what your instructions say."
const empty = "The user has sent a message with nothing in it."

type Asked = Pick<Plan, "added" | "parentTurnId" | "clientHistory">

/**
 * The new messages of a turn. A request may bring nothing that an agent could answer: a history that ends with the agent's own words,
 * nothing but instructions, or an empty message. CLIs and model servers want something there, and would put words of their own, so
 * the agent is told what is the case.
 */
export function saidNow(plan: Asked): readonly MessageItem[] {
  const messages = plan.added.filter((item) => item.type === "message")
  const hasOutputs = messages.length < plan.added.length
  return hasOutputs || !messages.every(isEmpty) ? messages : [...messages, note(noteOf(plan, messages))]
}

function noteOf({ parentTurnId, clientHistory }: Asked, messages: readonly MessageItem[]): string {
  if (messages.some(({ role }) => role === "user")) return empty
  return parentTurnId !== null || clientHistory.length > 0 ? goOn : begin
}

function note(text: string): MessageItem {
  const content = [{ type: "text" as const, text }]
  return { type: "message", id: "nothing", role: "developer", content, phase: null, status: "completed" }
}

function isEmpty({ content }: MessageItem): boolean {
  return content.every((part) => part.type === "text" && part.text.trim() === "")
}
