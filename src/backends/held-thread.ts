import type { ThreadOptions } from "../domain/backend.ts"

/** How far the agent of a thread may go. */
export type ThreadLimits = Pick<ThreadOptions, "reach">
