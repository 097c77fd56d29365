import { type Usage, usageSince } from "../../domain/usage.ts"
import type { PromptResult, ToldUsage } from "./protocol.ts"

/** Tokens as the end of a prompt tells them; null: it tells none. */
export function usageOfPrompt(result: PromptResult): Usage | null {
  if (result.usage != null) return usageOfTold(result.usage)
  const quota = result._meta?.quota?.token_count
  if (quota == null) return null
  return {
    inputTokens: quota.input_tokens ?? 0,
    cachedInputTokens: 0,
    outputTokens: quota.output_tokens ?? 0,
    reasoningTokens: 0,
  }
}

export function usageOfTold(told: ToldUsage): Usage {
  const cached = told.cachedReadTokens ?? 0
  const input = told.inputTokens ?? 0
  return {
    // Some count what came from the cache as part of the input, some beside it.
    inputTokens: input < cached ? input + cached : input,
    cachedInputTokens: cached,
    outputTokens: told.outputTokens ?? 0,
    reasoningTokens: told.thoughtTokens ?? 0,
  }
}

/** The usage of one turn, where the program tells the total of its session. A total that shrank began anew. */
export function usageOfTurn(before: Usage | null, total: Usage | null): Usage | null {
  if (before === null || total === null) return total
  return total.inputTokens < before.inputTokens ? total : usageSince(before, total)
}

export function isNothing(usage: Usage | null): boolean {
  return usage === null || usage.inputTokens + usage.outputTokens === 0
}
