import type { Item } from "../../domain/items.ts"
import type { ResponseRecord, ResponseStatus } from "../../domain/responses.ts"
import { isFinished } from "../../domain/responses.ts"
import { noUsage } from "../../domain/usage.ts"
import { incompleteReason, seconds } from "../common/answer-parts.ts"
import { toResponseError } from "../common/errors.ts"
import type { WireObject } from "../common/shape.ts"

import { toWireItem } from "./wire-items.ts"

/**
 * The complete Response object: every key that OpenAI or Open Responses requires is always there,
 * since typed clients fail on a missing one. What the request did not set has the value that the
 * API documents as its default. `at`: as it was earlier, for the first events of a stream.
 */
export function toResponse(
  record: ResponseRecord,
  serverLabel: string,
  at: Pick<ResponseRecord, "status" | "output"> = record,
): WireObject {
  const { status } = at
  return {
    id: record.id,
    object: "response",
    created_at: seconds(record.createdAt),
    completed_at: status === "completed" && record.completedAt !== null ? seconds(record.completedAt) : null,
    status: status === "running" ? "in_progress" : status,
    background: record.isBackground,
    error: status === "failed" ? toResponseError(record) : null,
    incomplete_details: status === "incomplete" ? { reason: incompleteReason(record) } : null,
    instructions: null,
    max_output_tokens: null,
    max_tool_calls: null,
    model: record.agentId,
    output: at.output.map((item) => toWireItem(item, serverLabel)),
    output_text: outputText(at.output),
    parallel_tool_calls: true,
    previous_response_id: record.previousResponseId,
    conversation: null,
    prompt_cache_key: null,
    reasoning: { effort: null, summary: null },
    safety_identifier: null,
    service_tier: "default",
    store: record.isStored,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_logprobs: 0,
    top_p: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    truncation: "disabled",
    metadata: {},
    ...record.echo,
    usage: usageOf(record, status),
  }
}

/** As official SDKs make it, some only where it is missing. One text is not copied. */
function outputText(output: readonly Item[]): string {
  const texts = output
    .flatMap((item) => (item.type === "message" && item.role === "assistant" ? item.content : []))
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
  return texts.length === 1 ? (texts[0] ?? "") : texts.join("")
}

/**
 * Null until the end. Afterwards zeros where the CLI does not count: the AI SDK refuses a finished
 * response without usage. A failed one may go without, as OpenAI's does.
 */
function usageOf(record: ResponseRecord, status: ResponseStatus): WireObject | null {
  if (!isFinished(status)) return null
  if (record.usage === null && status === "failed") return null
  return toResponseUsage(record)
}

/** Typed clients fail without both details; zeros where the CLI does not count. */
export function toResponseUsage(record: Pick<ResponseRecord, "usage">): WireObject {
  const usage = record.usage ?? noUsage
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedInputTokens, cache_write_tokens: 0 },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  }
}
