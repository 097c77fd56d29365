import type { FunctionCallOutputItem, Item, MessageItem } from "../../domain/items.ts"

/** What a request adds to a conversation: messages, and answers to functions that the agent called. */
export type AddedItem = MessageItem | FunctionCallOutputItem

/** A request's input, cut where the new part begins: behind the last thing that the agent said or called. */
export function splitInput(input: readonly Item[]): {
  readonly history: readonly Item[]
  readonly added: readonly AddedItem[]
} {
  const start = input.findLastIndex((item) => !isAdded(item)) + 1
  return { history: input.slice(0, start), added: input.slice(start).filter(isAdded) }
}

export function isAdded(item: Item): item is AddedItem {
  return item.type === "function_call_output" || (item.type === "message" && item.role !== "assistant")
}
