import type { LimitWindow } from "./protocol.ts"

/** When the used-up parts of the account's plan begin anew, in milliseconds of the epoch; null: none is, as far as is told. */
export function limitResetOf(limits: {
  readonly primary?: LimitWindow
  readonly secondary?: LimitWindow
}): number | null {
  const usedUp = [limits.primary, limits.secondary].flatMap((window) =>
    window != null && window.usedPercent >= 100 && window.resetsAt != null ? [window.resetsAt * 1_000] : [],
  )
  return usedUp.length === 0 ? null : Math.max(...usedUp)
}
