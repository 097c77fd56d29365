import type { Store } from "../domain/store.ts"
import type { TurnError } from "../domain/turn-events.ts"

const error: TurnError = {
  code: "server_restarted",
  message:
    "The service was restarted while the agent worked on this answer. What it had done is in `output`.",
  modelStatus: null,
}

/** Ends every turn that a service which is gone left behind, with what it had. Called before the first request. */
export async function recoverUnfinished(
  store: Store,
  now: number,
  log: (message: string, fields: Record<string, unknown>) => void,
): Promise<void> {
  for (const { responseId, turnId } of await store.findUnfinished()) {
    const segments = await store.readLog(responseId)
    const firstSequence = segments.reduce((length, segment) => Math.max(length, lengthAfter(segment)), 0)
    await store.saveProgress({
      responseId,
      turnId,
      status: "failed",
      completedAt: now,
      error,
      log: { firstSequence, json: JSON.stringify([{ type: "failed" }]) },
    })
    log("turn of an earlier run ended as failed", { response: responseId })
  }
}

/** Sequence number after the last event of a stored segment: a run of deltas counts for all of them. */
function lengthAfter(segment: { readonly firstSequence: number; readonly json: string }): number {
  const entries = JSON.parse(segment.json) as { lengths?: readonly number[] }[]
  return entries.reduce((length, entry) => length + (entry.lengths?.length ?? 1), segment.firstSequence)
}
