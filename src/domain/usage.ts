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
  return combined(a, b, 1)
}

/** What was used since `before`, of a running total. */
export function usageSince(before: Usage | null, total: Usage | null): Usage | null {
  if (total === null || before === null) return total
  return combined(total, before, -1)
}

function combined(one: Usage, other: Usage, sign: 1 | -1): Usage {
  return {
    inputTokens: one.inputTokens + sign * other.inputTokens,
    cachedInputTokens: one.cachedInputTokens + sign * other.cachedInputTokens,
    outputTokens: one.outputTokens + sign * other.outputTokens,
    reasoningTokens: one.reasoningTokens + sign * other.reasoningTokens,
  }
}
