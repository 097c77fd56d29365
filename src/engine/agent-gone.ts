import { ProxyError } from "../domain/errors.ts"
import type { ResponseRecord } from "../domain/responses.ts"
import type { Store } from "../domain/store.ts"
import type { Member } from "./agent-roster.ts"
import type { PendingTurn } from "./pending-turn.ts"

/** Which of the agents that have had this id it is now; null: none, or it has not been started yet. */
export function identityOf(members: readonly Member[], agentId: string): string | null {
  return members.find(({ id }) => id === agentId)?.identity ?? null
}

/** True: another agent has the name of the one that gave this answer. */
export async function isAgentGone(
  { id, agentId }: Pick<ResponseRecord, "id" | "agentId">,
  members: readonly Member[],
  store: Pick<Store, "findTurnOfResponse" | "findThread">,
): Promise<boolean> {
  const identity = identityOf(members, agentId)
  if (identity === null) return false
  const turn = await store.findTurnOfResponse(id)
  const thread = turn === null ? null : await store.findThread(turn.threadId)
  return thread !== null && thread.agentIdentity !== identity
}

/** A turn that waited over a restart is not given to another agent of that name. Throws `model_not_found`. */
export function assertAgentOf({ plan, record }: PendingTurn, identity: string): void {
  // Of a time before identities: then nobody has taken the name since.
  if ((plan.thread.agentIdentity ?? record.agentId) === identity) return
  throw new ProxyError("model_not_found", `The agent '${record.agentId}' of that turn is not here any more.`)
}
