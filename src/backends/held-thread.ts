import type { ThreadOptions } from "../domain/backend.ts"
import { ProxyError } from "../domain/errors.ts"

/** For a thread that is to change nothing, of a program that does as it likes. */
export function cannotBeHeld(program: string): ProxyError {
  return new ProxyError(
    "invalid_request",
    `${program} cannot be kept from acting, so it is not asked for titles, tags and the like. Turn them off in the program that asks for them, or give them another agent.`,
  )
}

/** How far the agent of a thread may go. */
export type ThreadLimits = Pick<ThreadOptions, "isReadOnly" | "answersOnly">
