import { ProxyError } from "../../domain/errors.ts"
import type { FunctionCallItem, FunctionCallOutputItem, Item, MessageItem } from "../../domain/items.ts"

/** What a request adds: messages, and answers to functions that the agent called. */
export type AddedItem = MessageItem | FunctionCallOutputItem

/** Cut where the new part begins: behind the last thing that the agent said or called. */
export function splitInput(input: readonly Item[]): {
  readonly history: readonly Item[]
  readonly added: readonly AddedItem[]
} {
  const start = input.findLastIndex((item) => !isAdded(item)) + 1
  return { history: input.slice(0, start), added: input.slice(start).filter(isAdded) }
}

/** The answers to functions that are among these items. */
export function outputsIn<Item extends { readonly type: string }>(
  items: readonly Item[],
): readonly Extract<Item, { readonly type: "function_call_output" }>[] {
  return items.filter((item) => item.type === "function_call_output") as Extract<
    Item,
    { readonly type: "function_call_output" }
  >[]
}

export function isAdded(item: Item): item is AddedItem {
  return item.type === "function_call_output" || (item.type === "message" && item.role !== "assistant")
}

/** Calls that nothing in `items` answers; one cut short, by a failure, cannot be answered. */
export function openCalls(items: readonly Item[]): readonly FunctionCallItem[] {
  const answered = new Set(items.map((item) => (item.type === "function_call_output" ? item.callId : null)))
  return items
    .filter((item) => item.type === "function_call")
    .filter((item) => item.status !== "incomplete" && !answered.has(item.callId))
}

/**
 * A conversation goes on only when every call in it has its output, and every output its call: the
 * agent must not be told of results that it never asked for, nor go on as if it had not asked.
 * `past` and `added` follow each other. Throws `invalid_request`.
 */
export function assertCallsAnswered(past: readonly Item[], added: readonly Item[]): void {
  const calls = new Set(past.map((item) => (item.type === "function_call" ? item.callId : null)))
  const answered = new Set<string>()
  for (const item of added) {
    if (item.type !== "function_call_output") continue
    if (answered.has(item.callId)) {
      throw new ProxyError(
        "invalid_request",
        `There are two outputs for the function call '${item.callId}'.`,
        {
          param: "input",
        },
      )
    }
    answered.add(item.callId)
    if (!calls.has(item.callId)) {
      throw new ProxyError(
        "invalid_request",
        `No function call with the id '${item.callId}' is known here.`,
        {
          param: "input",
        },
      )
    }
  }
  const [open] = openCalls([...past, ...added])
  if (open !== undefined) {
    throw new ProxyError(
      "invalid_request",
      `No output for function call '${open.callId}' (${open.name}). Send one for each call before going on.`,
      { param: "input" },
    )
  }
}
