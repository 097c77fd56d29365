import type { ResponseRecord } from "../../domain/responses.ts"
import { noUsage } from "../../domain/usage.ts"
import { toChatUsage } from "../common/usage.ts"
import { incompleteReason, seconds } from "../responses/resource.ts"
import type { WireObject } from "../responses/wire-items.ts"
import { foldItems } from "./fold.ts"

/**
 * A finished answer as a chat completion. Only the answer is `content`; what the agent thought, said and did on the
 * way is `reasoning_content`. A failed turn is no completion: its reader answers with the error.
 */
export function toChatCompletion(record: ResponseRecord): WireObject {
  const texts = { content: "", reasoning_content: "" }
  const calls: { id: string; name: string; arguments: string }[] = []
  foldItems(record.output, (piece) => {
    switch (piece.field) {
      case "call":
        calls.push({ id: piece.callId, name: piece.name, arguments: "" })
        break
      case "arguments": {
        const call = calls[piece.index]
        if (call !== undefined) call.arguments += piece.text
        break
      }
      default:
        texts[piece.field] += piece.text
    }
  })
  const message = {
    role: "assistant",
    content: texts.content === "" && calls.length > 0 ? null : texts.content,
    refusal: null,
    ...(texts.reasoning_content !== "" && { reasoning_content: texts.reasoning_content }),
    ...(calls.length > 0 && {
      tool_calls: calls.map((call) => ({
        id: call.id,
        type: "function",
        function: { name: call.name, arguments: call.arguments },
      })),
    }),
  }
  return {
    id: record.id,
    object: "chat.completion",
    created: seconds(record.createdAt),
    model: record.agentId,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(record, calls.length > 0) }],
    usage: toChatUsage(record.usage ?? noUsage),
    ...record.echo,
  }
}

/** `length` is the API's word for an answer that was cut short, by whomever. */
export function finishReason(record: ResponseRecord, hasCalls: boolean): string {
  if (record.status === "incomplete" || record.status === "cancelled") {
    return incompleteReason(record) === "content_filter" ? "content_filter" : "length"
  }
  return hasCalls ? "tool_calls" : "stop"
}
