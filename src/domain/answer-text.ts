import type { Item, MessageItem } from "./items.ts"
import { textOf } from "./items.ts"

/** True for what the agent says as (part of) its answer; commentary on the way is not. */
export function isAnswer(item: Item): item is MessageItem {
  return item.type === "message" && item.role === "assistant" && item.phase !== "commentary"
}

/**
 * The answer of a turn as one text: what a chat client gets as `content`, and resends later as the
 * assistant's message. Messages without text count for nothing, so that a streamed answer and a
 * whole one are equal.
 */
export function answerText(items: readonly Item[]): string {
  return items
    .filter(isAnswer)
    .map((message) => textOf(message.content))
    .filter((text) => text !== "")
    .join("\n\n")
}
