import type { ThreadRef } from "../../domain/backend.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { Owner, TurnPlace } from "../../domain/store.ts"
import { turnMarks } from "../../domain/turn-marks.ts"
import type { TurnNow } from "../engine.ts"
import type { Plan } from "../plan/plan.ts"

/** A turn between its request and its end. */
export interface LiveTurn extends LiveResponse {
  readonly turnId: string
  /** Null: it does not begin a conversation, or none that is kept. */
  readonly beginning: Plan | null
  /** The CLI's name of its thread; null until that is opened. */
  readonly nativeThread: ThreadRef | null
  /** See `CallingTurn`. */
  readonly askedBy: readonly string[]
  /** See `Engine.say`. */
  say(text: string, isFinal: boolean): Promise<boolean>
  /** Like `cancel`, but the client did not want it: the service or the agent stops. */
  abandon(message: string): void
  /** Leaves a background turn that has not begun for the next run; false: end it. */
  leave(): boolean
}

interface Live {
  readonly turn: LiveTurn
  readonly conversationId: string | null
}

/** All turns between their request and their end. */
export class LiveTurns {
  readonly #turns = new Map<string, Live>()
  readonly #entering = new Set<Promise<unknown>>()

  /** Until it is finished. */
  add(turn: LiveTurn, conversationId: string | null): void {
    this.#turns.set(turn.id, { turn, conversationId })
    void turn.finished.finally(() => this.#turns.delete(turn.id))
  }

  /** `turn` is being planned and stored, and is added once it is. */
  entering<T>(turn: Promise<T>): Promise<T> {
    this.#entering.add(turn)
    const leave = () => this.#entering.delete(turn)
    turn.then(leave, leave)
    return turn
  }

  /** All, with those that were on their way in. */
  async settled(): Promise<readonly LiveTurn[]> {
    await Promise.allSettled(this.#entering)
    return this.all
  }

  get all(): readonly LiveTurn[] {
    return [...this.#turns.values()].map(({ turn }) => turn)
  }

  find(responseId: string): LiveTurn | undefined {
    return this.#turns.get(responseId)?.turn
  }

  findTurn(turnId: string | null): LiveTurn | undefined {
    return turnId === null ? undefined : this.all.find((turn) => turn.turnId === turnId)
  }

  /** See `unattendedBeginnings`. */
  beginnings(owner: Owner, keys: readonly string[]): readonly TurnPlace[] {
    return unattendedBeginnings(this.#turns.values(), owner, keys)
  }

  /** Those of the agent that have begun. */
  runningOf(agentId: string): readonly TurnNow[] {
    return [...this.#turns.values()].flatMap(({ turn, conversationId }) => {
      const { record } = turn
      if (record.agentId !== agentId || record.status !== "running") return []
      const { nativeThread, askedBy } = turn
      return [{ responseId: turn.id, principal: record.principal, conversationId, nativeThread, askedBy }]
    })
  }
}

/**
 * First turns that still run though their clients are gone, by the keys by which they will be found
 * once they have ended: the conversation may come back with its next message before that.
 */
function unattendedBeginnings(
  turns: Iterable<{ readonly turn: Pick<LiveTurn, "turnId" | "beginning" | "isUnattended"> }>,
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
