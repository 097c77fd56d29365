import { isAnswer } from "../domain/answer-text.ts"
import { type Item, type MessageItem, textOf } from "../domain/items.ts"

/** What the client has of an answer that was cut short; null: the answer is whole, or nothing of it was shown. */
export function seenTextOf(output: readonly Item[]): string | null {
  const answers = output.filter(isAnswer)
  if (!answers.some((message) => message.status === "incomplete")) return null
  const text = answers
    .map((message) => textOf(message.content))
    .filter((part) => part !== "")
    .join("\n\n")
  return text === "" ? null : text
}

/**
 * A CLI drops the message that it was interrupted in, or has it whole where the interrupt came too late. The agent is told
 * before the next turn, so that it goes on from what the client has.
 */
export function cutNote(seenText: string): MessageItem {
  const text =
    "Your last answer was cut short by a limit, a stop or a failure outside of you; that is no complaint about it. " +
    `Whatever you remember of it, the user has seen exactly this:\n\n${seenText}`
  return {
    type: "message",
    id: "cut",
    role: "developer",
    content: [{ type: "text", text }],
    phase: null,
    status: "completed",
  }
}
