import type { Owner, TurnPlace } from "../domain/store.ts"
import { turnMarks } from "../domain/turn-marks.ts"
import type { RunningTurn } from "./run-turn.ts"

/**
 * First turns that still run though their clients are gone, by the keys by which they will be found once they have ended: the
 * conversation may come back with its next message before that.
 */
export function unattendedBeginnings(
  turns: Iterable<{ readonly turn: Pick<RunningTurn, "turnId" | "beginning" | "isUnattended"> }>,
  { principal, agent }: Owner,
  keys: readonly string[],
): readonly TurnPlace[] {
  const found: TurnPlace[] = []
  for (const { turn } of turns) {
    // Of a busy service hardly any is.
    const beginning = turn.isUnattended ? turn.beginning : null
    if (beginning === null) continue
    const { thread, added } = beginning
    const isOwn = thread.principal === principal && thread.agentIdentity === agent.identity
    if (!isOwn || thread.agentId !== agent.id) continue
    const marks = turnMarks({ principal, agentId: agent.id }, beginning, added, true)
    if (!marks.keys.some((key) => keys.includes(key))) continue
    found.push({ id: turn.turnId, threadId: thread.id, sessionKey: thread.sessionKey, isHead: true })
  }
  return found
}
