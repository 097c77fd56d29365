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

/** Counted up where a stored field gets another meaning. Unnumbered, earlier forms are 1. */
const currentForm = 2

/** What plans of form 1 lack. */
const unknownThen = { changes: noChanges, clientExchanges: "", before: noChain, seenText: null }

/** What is stored of it, for `readPendingTurn`. */
export function storedPendingTurn(pending: PendingTurn): object {
  return { form: currentForm, ...pending }
}

/**
 * What `storedPendingTurn` has made of a turn; null where it is none of this response's, or of a
 * later release, of which this one cannot know what it asks for.
 */
export function readPendingTurn(stored: unknown, responseId: string): PendingTurn | null {
  if (typeof stored !== "object" || stored === null) return null
  // Written by this or an earlier release into our own database; only its outer form is checked
  // again.
  const { form = 1, turnId, request, plan, record } = stored as Partial<PendingTurn & { form: number }>
  if (form > currentForm || turnId === undefined || request === undefined || plan === undefined) return null
  if (record?.id !== responseId) return null
  return { turnId, request, plan: { ...unknownThen, ...plan }, record }
}
