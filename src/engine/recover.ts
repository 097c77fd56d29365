import type { Log } from "../domain/log.ts"
import type { Store } from "../domain/store.ts"
import type { TurnError } from "../domain/turn-events.ts"

const messages = {
  queued: "The service was restarted before the agent began with this answer. Send the request again.",
  running:
    "The service was restarted while the agent worked on this answer. What it had done is in `output`.",
}

/** Ends every turn that a service which is gone left behind, with what it had. Called before the first request. */
export async function recoverUnfinished(store: Store, now: number, log: Log): Promise<void> {
  for (const { responseId, turnId, status } of await store.findUnfinished()) {
    const error: TurnError = { code: "server_restarted", message: messages[status], modelStatus: null }
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
    log("info", "turn of an earlier run ended as failed", { response: responseId })
  }
}

/** Sequence number after the last event of a stored segment: a run of deltas counts for all of them. */
function lengthAfter(segment: { readonly firstSequence: number; readonly json: string }): number {
  const entries = JSON.parse(segment.json) as { lengths?: readonly number[] }[]
  return entries.reduce((length, entry) => length + (entry.lengths?.length ?? 1), segment.firstSequence)
}
