import type { Store } from "../domain/store.ts"
import type { AgeClock } from "./age-clock.ts"
import type { IdempotencyKey } from "./idempotency.ts"
import type { PendingTurn } from "./pending-turn.ts"

/** A turn that is about to begin, or waits: it heads its thread from now on. */
export async function storeTurn(
  pending: PendingTurn,
  idempotency: IdempotencyKey | null,
  { store, ages }: { readonly store: Store; readonly ages: Pick<AgeClock, "now"> },
): Promise<void> {
  const { plan, turnId, record } = pending
  await store.insertTurn(
    { ...plan.thread, headTurnId: turnId },
    {
      id: turnId,
      threadId: plan.thread.id,
      responseId: record.id,
      parentTurnId: plan.parentTurnId,
      nativeRef: null,
      input: [...plan.clientHistory, ...plan.added],
      chain: null,
      createdAt: ages.now(),
      conversationId: pending.request.conversationId,
    },
    record,
    {
      ...(record.isBackground && { pending }),
      ...(idempotency !== null && {
        idempotency: { ...idempotency, createdAt: ages.now() },
      }),
    },
  )
}
