import { setTimeout as delay } from "node:timers/promises"

export interface WaitForOptions {
  /** What is waited for, as the error names it: `the turn to end`. */
  readonly what: string
  readonly timeoutMs?: number
  readonly intervalMs?: number
}

/**
 * Asks `condition` again and again until it gives something other than false, null or undefined, and returns that.
 * Throws an error that names `what` when the time is over; a condition that throws has not come true yet.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitForOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const timeoutMs = options.timeoutMs ?? 10_000
  const deadline = performance.now() + timeoutMs
  let lastError: unknown
  for (;;) {
    try {
      const value = await condition()
      if (value !== false && value !== null && value !== undefined)
        // The three values that the type leaves out were just excluded.
        return value as Exclude<T, false | null | undefined>
      lastError = undefined
    } catch (error) {
      lastError = error
    }
    if (performance.now() >= deadline)
      throw new Error(`waited ${timeoutMs} ms for ${options.what}`, { cause: lastError })
    await delay(options.intervalMs ?? 10)
  }
}
