import { ProxyError } from "../../domain/errors.ts"
import type { FunctionCallItem, Item } from "../../domain/items.ts"

/** Calls in `items` that nothing in them answers; one that was cut short, by a failure, cannot be answered. */
export function openCalls(items: readonly Item[]): readonly FunctionCallItem[] {
  const answered = new Set(items.map((item) => (item.type === "function_call_output" ? item.callId : null)))
  return items
    .filter((item) => item.type === "function_call")
    .filter((item) => item.status !== "incomplete" && !answered.has(item.callId))
}

/**
 * A conversation goes on only when every call in it has its output, and every output its call: the agent must not be told
 * of results that it never asked for, nor go on as if it had not asked. `past` and `added` follow each other. Throws
 * `invalid_request`.
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
