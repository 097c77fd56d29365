import { type ContentPart, type Item, textOf } from "../../domain/items.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { noUsage } from "../../domain/usage.ts"
import { incompleteReason, seconds } from "../common/answer-parts.ts"
import type { WireObject } from "../common/shape.ts"

import { foldItems } from "./fold.ts"

/**
 * A finished answer as a chat completion. Only the answer is `content`; what the agent thought,
 * said and did on the way is `reasoning_content`. A failed turn is no completion: its reader
 * answers with the error.
 */
export function toChatCompletion(record: ResponseRecord): WireObject {
  const { content, reasoning, calls } = saidIn(record.output)
  const hasCalls = calls.length > 0
  const message = {
    role: "assistant",
    content: content === "" && hasCalls ? null : content,
    refusal: null,
    ...(reasoning !== "" && { reasoning_content: reasoning }),
    ...(hasCalls && { tool_calls: calls }),
  }
  return {
    id: record.id,
    object: "chat.completion",
    created: seconds(record.createdAt),
    model: record.agentId,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(record, hasCalls) }],
    usage: toChatUsage(record),
    ...record.echo,
  }
}

/** Items as the texts and the calls of one message. */
function saidIn(items: readonly Item[]) {
  const said = { content: "", reasoning_content: "" }
  foldItems(items, (piece) => {
    if (piece.field === "content" || piece.field === "reasoning_content") said[piece.field] += piece.text
  })
  const calls = items
    .filter((item) => item.type === "function_call")
    .map(({ callId, name, arguments: args }) => ({
      id: callId,
      type: "function",
      function: { name, arguments: args },
    }))
  return { content: said.content, reasoning: said.reasoning_content, calls }
}

/** `length` is the API's word for an answer that was cut short, by whomever. */
export function finishReason(record: ResponseRecord, hasCalls: boolean): string {
  if (record.status === "incomplete" || record.status === "cancelled") {
    return incompleteReason(record) === "content_filter" ? "content_filter" : "length"
  }
  return hasCalls ? "tool_calls" : "stop"
}

/**
 * The messages that a stored completion was asked with, as the API lists them: like those of a
 * request, with an id (the completion's, and the place) and the parts of what is more than text.
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

/** All that an agent did between two inputs is one message, as in its answer. */
function assistantMessage(items: readonly Item[]): WireObject | null {
  const { content, calls } = saidIn(items)
  if (content === "" && calls.length === 0) return null
  return {
    role: "assistant",
    content: content === "" ? null : content,
    ...(calls.length > 0 && { tool_calls: calls }),
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

/** Zeros where the CLI does not count. */
export function toChatUsage(record: Pick<ResponseRecord, "usage">): WireObject {
  const usage = record.usage ?? noUsage
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedInputTokens },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  }
}
