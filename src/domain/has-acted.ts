import type { Item } from "./items.ts"
import { textOf } from "./items.ts"
import type { ResponseRecord } from "./responses.ts"

/**
 * The agent had worked to its end and had answered, though not as it was asked to; the answer is
 * kept from the client.
 */
const answered: ReadonlySet<string> = new Set(["answer_format_mismatch", "function_not_called"])

/**
 * True where a turn that failed has left something behind: a command, an edit, a call of any tool
 * or function, or words of the agent. Then the same request would do it again. Thoughts are
 * nothing. Where nobody can tell, it has.
 */
export function hasActed({ error, output }: Pick<ResponseRecord, "error" | "output">): boolean {
  if (error !== null && (error.mayHaveActed === true || answered.has(error.code))) return true
  return output.some(isAct)
}

function isAct(item: Item): boolean {
  const isSaid = item.type === "message" && item.role === "assistant" && textOf(item.content) !== ""
  return isDeed(item) || item.type === "function_call" || isSaid
}

const deeds: ReadonlySet<Item["type"]> = new Set(["command", "file_change", "tool_call", "web_search"])

/** True for what the agent did by itself, with tools of its own. */
export function isDeed(item: Item): boolean {
  return deeds.has(item.type)
}
