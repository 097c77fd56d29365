import { noChain } from "../../domain/exchanges.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { TurnRequest } from "../../domain/turn-request.ts"
import type { Plan } from "./plan.ts"
import { noChanges } from "./plan.ts"

/**
 * All that it takes to begin a turn that waits. Plain data: a background turn is stored in this
 * form until it begins, and begins in the next run of the service if this one ends before.
 */
export interface PendingTurn {
  readonly turnId: string
  readonly request: TurnRequest
  readonly plan: Plan
  /** As stored: status queued. */
  readonly record: ResponseRecord
}

/** What plans of earlier releases lack. */
const unknownThen = { changes: noChanges, clientExchanges: "", before: noChain, seenText: null }

/** What `insertTurn` was given as `pending`; null where it is not of this form. */
export function readPendingTurn(stored: unknown, responseId: string): PendingTurn | null {
  if (typeof stored !== "object" || stored === null) return null
  // Written by this or an earlier release into our own database; only its outer form is checked
  // again.
  const pending = stored as Partial<PendingTurn>
  const { turnId, request, plan, record } = pending
  if (turnId === undefined || request === undefined || plan === undefined) return null
  if (record?.id !== responseId) return null
  return { turnId, request, plan: { ...unknownThen, ...plan }, record }
}
