import type { ContentPart, Item } from "../../domain/items.ts"
import { textOf } from "../../domain/items.ts"
import type { WireObject } from "../responses/wire-items.ts"
import { foldItems } from "./fold.ts"

/**
 * The messages that a stored completion was asked with, as the API lists them: like those of a request, with an id
 * (the completion's, and the place) and the parts of a content that is more than text.
 */
export function toStoredMessages(
  completionId: string,
  instructions: string | null,
  items: readonly Item[],
): readonly WireObject[] {
  const messages: WireObject[] = []
  const add = (message: WireObject) =>
    messages.push({
      id: `${completionId}-${messages.length}`,
      content_parts: null,
      refusal: null,
      ...message,
    })
  if (instructions !== null) add({ role: "system", content: instructions })
  let turn: Item[] = []
  const endTurn = () => {
    const message = assistantMessage(turn)
    if (message !== null) add(message)
    turn = []
  }
  for (const item of items) {
    const isInput = item.type === "message" && item.role !== "assistant"
    if (!isInput && item.type !== "function_call_output") {
      turn.push(item)
      continue
    }
    endTurn()
    if (item.type === "message") add({ role: item.role, ...contentOf(item.content) })
    else add({ role: "tool", tool_call_id: item.callId, ...contentOf(item.output) })
  }
  endTurn()
  return messages
}

/** Everything that an agent did between two inputs is one message, as in the answer that the client got. */
function assistantMessage(items: readonly Item[]): WireObject | null {
  let content = ""
  foldItems(items, (piece) => {
    if (piece.field === "content") content += piece.text
  })
  const calls = items.filter((item) => item.type === "function_call")
  if (content === "" && calls.length === 0) return null
  return {
    role: "assistant",
    content: content === "" ? null : content,
    ...(calls.length > 0 && {
      tool_calls: calls.map((call) => ({
        id: call.callId,
        type: "function",
        function: { name: call.name, arguments: call.arguments },
      })),
    }),
  }
}

function contentOf(parts: readonly ContentPart[]): WireObject {
  if (parts.every((part) => part.type === "text")) return { content: textOf(parts) }
  return {
    content: textOf(parts),
    content_parts: parts.map((part) =>
      part.type === "text"
        ? { type: "text", text: part.text }
        : { type: "image_url", image_url: { url: part.url, detail: part.detail ?? "auto" } },
    ),
  }
}
