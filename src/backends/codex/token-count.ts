import type { Usage } from "../../domain/usage.ts"

/** Tokens as codex counts them. */
export interface TokenCount {
  readonly inputTokens: number
  readonly cachedInputTokens: number
  readonly outputTokens: number
  readonly reasoningOutputTokens: number
}

export function usageOf(count: TokenCount): Usage {
  return {
    inputTokens: count.inputTokens,
    cachedInputTokens: count.cachedInputTokens,
    outputTokens: count.outputTokens,
    reasoningTokens: count.reasoningOutputTokens,
  }
}
