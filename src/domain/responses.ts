import type { Item } from "./items.ts"
import type { TurnError } from "./turn-events.ts"
import type { Usage } from "./usage.ts"

/**
 * `queued → running → completed | failed | incomplete | cancelled`. The wire calls running
 * `in_progress`.
 */
export type ResponseStatus = "queued" | "running" | "completed" | "failed" | "incomplete" | "cancelled"

/** Which API asked: decides the id's prefix and how it is read back. */
export type ResponseKind = "response" | "chat"

/** One answer of an agent, whoever asked for it and however. Times in milliseconds since 1970. */
export interface ResponseRecord {
  /** `resp_...` or `chatcmpl-...`. */
  readonly id: string
  readonly kind: ResponseKind
  readonly principal: string
  /** The agent's id; the wire's `model`. */
  readonly agentId: string
  readonly previousResponseId: string | null
  /** False: never retrievable; nothing of it stays. */
  readonly isStored: boolean
  /** True: nobody waits for it; it goes on without its client, and can be cancelled by its id. */
  readonly isBackground: boolean
  /**
   * The fields of the request that the answer repeats, in wire form; written and read by
   * `protocol/` only.
   */
  readonly echo: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly status: ResponseStatus
  readonly completedAt: number | null
  readonly error: TurnError | null
  readonly usage: Usage | null
  /** Items made by the agent so far, in order. */
  readonly output: readonly Item[]
}

export function isFinished(status: ResponseStatus): boolean {
  return status !== "queued" && status !== "running"
}

/**
 * True for a turn that ended before its agent was done: clients drop its answer, or have less of it
 * than was made.
 */
export function hasFailed(status: ResponseStatus): boolean {
  return status === "failed" || status === "cancelled"
}
