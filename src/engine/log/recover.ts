import type { TurnError } from "../../domain/errors.ts"
import { noChain } from "../../domain/exchanges.ts"
import { answerText } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { LogSegment, Store, TurnProgress, UnfinishedResponse } from "../../domain/store.ts"
import { turnMarks } from "../../domain/turn-marks.ts"
import { type PendingTurn, readPendingTurn } from "../plan/pending-turn.ts"
import { chainBehind } from "../plan/plan.ts"

/** A turn is stored as running before its agent begins: of one that is queued nothing was done. */
const messages = {
  queued:
    "The service was restarted before the agent began with this answer: nothing was done. Send the request again.",
  running:
    "The service was restarted while the agent worked on this answer, and it may have acted. What it had finished is in " +
    "`output`; look at what was done before you ask for it again.",
}

/**
 * Ends every turn that a service which is gone left behind, with what it had. Called before the
 * first request. Returns the turns that had not begun and can: nobody waits for them on a
 * connection, so they are still wanted. Oldest first.
 */
export async function recoverUnfinished(store: Store, now: number, log: Log): Promise<PendingTurn[]> {
  const pendingTurns: PendingTurn[] = []
  for (const unfinished of await store.findUnfinished()) {
    const { responseId, status, pending } = unfinished
    const turn = status === "queued" ? readPendingTurn(pending, responseId) : null
    if (turn !== null) {
      pendingTurns.push(turn)
      continue
    }
    await endAsRestarted(store, unfinished, now)
    log("info", "turn of an earlier run ended as failed", { response: responseId })
  }
  return pendingTurns
}

/** Ends a turn as failed with `server_restarted`. */
export async function endAsRestarted(
  store: Store,
  { responseId, turnId, status }: Omit<UnfinishedResponse, "pending">,
  now: number,
): Promise<void> {
  const error: TurnError = {
    code: "server_restarted",
    message: messages[status],
    modelStatus: null,
    ...(status === "running" && { mayHaveActed: true }),
  }
  const segments = await store.readLog(responseId)
  const firstSequence = segments.reduce((length, segment) => Math.max(length, lengthAfter(segment)), 0)
  await store.saveProgress({
    responseId,
    turnId,
    status: "failed",
    completedAt: now,
    error,
    ...(status === "queued" ? { freesIdempotencyKey: true } : await markedAsCut(turnId, store)),
    // Without a first segment not even the beginning was stored; readers make it from the record.
    ...(firstSequence > 0 && { log: [{ firstSequence, json: JSON.stringify([{ type: "failed" }]) }] }),
  })
}

/** What the next request finds the turn by, and what its client has seen of it. */
async function markedAsCut(turnId: string, store: Store): Promise<Pick<TurnProgress, "marks" | "seenText">> {
  const turn = await store.findTurn(turnId)
  const thread = turn === null ? null : await store.findThread(turn.threadId)
  if (turn === null || thread === null) return {}
  const parent = turn.parentTurnId === null ? null : await store.findTurn(turn.parentTurnId)
  const output = await store.findOutput(turnId)
  const before = parent === null ? noChain : chainBehind(parent)
  const marks = turnMarks(thread, { before, clientExchanges: "" }, [...turn.input, ...output], true)
  return { marks, seenText: answerText(output) }
}

/** Sequence number after a stored segment's last event: a run of deltas counts for all. */
function lengthAfter(segment: LogSegment): number {
  const entries = JSON.parse(segment.json) as { lengths?: readonly number[] }[]
  return entries.reduce((length, entry) => length + (entry.lengths?.length ?? 1), segment.firstSequence)
}
