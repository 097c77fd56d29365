import type { FunctionTool } from "./backend.ts"
import type { Item } from "./items.ts"
import type { ResponseKind } from "./responses.ts"

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
  readonly previousResponseId: string | null
  /** Names a conversation of the client's own, from a header. */
  readonly sessionKey: string | null
  readonly effort: string | null
  readonly outputSchema: Readonly<Record<string, unknown>> | null
  /** False only when the client said so: an ephemeral thread, nothing is left. */
  readonly keepsThread: boolean
  /** True: the answer can be retrieved by its id. */
  readonly isStored: boolean
  /** Wire fields that the answer repeats. */
  readonly echo: Readonly<Record<string, unknown>>
}
