/** Tokens of one turn, all model requests of it added up. */
export interface Usage {
  readonly inputTokens: number
  /** Part of `inputTokens` that came from a cache. */
  readonly cachedInputTokens: number
  readonly outputTokens: number
  /** Part of `outputTokens`. */
  readonly reasoningTokens: number
}

export const noUsage: Usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 }

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  }
}

/** What was used since `before`, of a running total. */
export function usageSince(before: Usage | null, total: Usage | null): Usage | null {
  if (total === null || before === null) return total
  return {
    inputTokens: total.inputTokens - before.inputTokens,
    cachedInputTokens: total.cachedInputTokens - before.cachedInputTokens,
    outputTokens: total.outputTokens - before.outputTokens,
    reasoningTokens: total.reasoningTokens - before.reasoningTokens,
  }
}
