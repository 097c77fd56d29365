import type { FunctionTool } from "./backend.ts"
import type { Item } from "./items.ts"
import type { ResponseKind } from "./responses.ts"

/** Which of its functions the client lets the agent call in this answer, and whether it must. */
export interface FunctionChoice {
  /** Null: all of them. */
  readonly allowed: readonly string[] | null
  readonly isRequired: boolean
}

export const anyFunction: FunctionChoice = { allowed: null, isRequired: false }

/** What a client asks of an agent, whichever endpoint it came by. Made by `protocol/`, read by the engine. */
export interface TurnRequest {
  readonly kind: ResponseKind
  /** The `model` of the request: an agent's id, a bare name, or anything else (the manager). */
  readonly model: string
  /** System and developer text that stands before everything else; part of the thread's key. */
  readonly instructions: string | null
  /** All of the request's input, oldest first, resent history included. */
  readonly input: readonly Item[]
  readonly tools: readonly FunctionTool[]
  readonly functionChoice: FunctionChoice
  /** False: the client gets one call at a time. */
  readonly allowsParallelCalls: boolean
  readonly previousResponseId: string | null
  /** Names a conversation of the client's own, from a header. */
  readonly sessionKey: string | null
  /** The header is of a front end that is known to send the whole history each time. */
  readonly resendsHistory: boolean
  readonly effort: string | null
  readonly outputSchema: Readonly<Record<string, unknown>> | null
  /** False only when the client said so: an ephemeral thread, nothing is left. */
  readonly keepsThread: boolean
  /** True: the answer can be retrieved by its id. */
  readonly isStored: boolean
  /** Wire fields that the answer repeats. */
  readonly echo: Readonly<Record<string, unknown>>
}
