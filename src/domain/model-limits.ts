import type { TurnError } from "./turn-events.ts"

/** True: a limit of the model that does not go away within `waitMs`, so that nobody need wait for it. `now` is of the epoch. */
export function outlasts({ code, resetsAt }: TurnError, waitMs: number, now: number): boolean {
  return code === "insufficient_quota" || (resetsAt !== undefined && resetsAt - now > waitMs)
}
