import type { Usage } from "../../domain/usage.ts"

/**
 * The tokens of one turn out of the running totals before and after it. A turn that was interrupted tells no total, so its
 * tokens are counted with the next turn; the sum is right. Null where a total is not known.
 */
export function usageOfTurn(before: Usage | null, after: Usage | null): Usage | null {
  if (before === null || after === null) return null
  const isRestarted = after.inputTokens < before.inputTokens || after.outputTokens < before.outputTokens
  if (isRestarted) return after
  return {
    inputTokens: after.inputTokens - before.inputTokens,
    cachedInputTokens: Math.max(0, after.cachedInputTokens - before.cachedInputTokens),
    outputTokens: after.outputTokens - before.outputTokens,
    reasoningTokens: Math.max(0, after.reasoningTokens - before.reasoningTokens),
  }
}

/**
 * True when an id of the kind UUIDv7, which begins with the time in milliseconds, was made at `time` or later: by a process
 * that was started then, so it names a new session.
 */
export function wasMadeAfter(id: string, time: number): boolean {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-/i.exec(id)
  return match !== null && Number.parseInt(`${match[1]}${match[2]}`, 16) >= time
}
