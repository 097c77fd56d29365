import type { Owner, TurnPlace } from "../domain/store.ts"
import { turnMarks } from "../domain/turn-marks.ts"
import type { RunningTurn } from "./run-turn.ts"

/**
 * First turns that still run though their clients are gone, by the keys by which they will be found once they have ended: the
 * conversation may come back with its next message before that.
 */
export function unattendedBeginnings(
  turns: readonly Pick<RunningTurn, "turnId" | "beginning" | "isUnattended">[],
  { principal, agent }: Owner,
  keys: readonly string[],
): readonly TurnPlace[] {
  return turns.flatMap(({ turnId, beginning, isUnattended }) => {
    if (beginning === null || !isUnattended) return []
    const { thread, added } = beginning
    const isOwn = thread.principal === principal && thread.agentIdentity === agent.identity
    if (!isOwn || thread.agentId !== agent.id) return []
    const marks = turnMarks({ principal, agentId: agent.id }, beginning, added, true)
    if (!marks.keys.some((key) => keys.includes(key))) return []
    return [{ id: turnId, threadId: thread.id, sessionKey: thread.sessionKey, isHead: true }]
  })
}
