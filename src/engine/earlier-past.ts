import type { Item } from "../domain/items.ts"
import type { TurnRequest } from "../domain/turn-request.ts"
import type { Agent } from "./agent.ts"
import { splitInput } from "./history.ts"
import type { Plan } from "./plan.ts"

/** A talk of before the ledger, which one new conversation goes on with. */
export interface EarlierPast {
  /** Looks for it, where this agent and caller may have it. Bounded; never rejects. Done at once when it is known. */
  find(agent: Agent, principal: string): Promise<void>
  /**
   * Reserves what has been found, until it is kept or given back; null: there is nothing for this agent and caller, it is taken, or it
   * has not been found yet.
   */
  reserve(agent: Agent, principal: string): ReservedPast | null
}

/** One of the two is to be called, once. */
export interface ReservedPast {
  /** What was said. */
  readonly items: readonly Item[]
  /** A conversation that is stored goes on with it: nobody else ever has it. */
  keep(): void
  /** No conversation came of it. */
  giveBack(): void
}

interface Pasts {
  readonly earlierPast?: EarlierPast | undefined
}

/** Looks for the past of a request that may begin a conversation. To be awaited where nobody else waits for that request. */
export async function findEarlierPast(
  request: TurnRequest,
  agent: Agent,
  principal: string,
  { earlierPast: past }: Pasts,
): Promise<void> {
  if (past === undefined || request.previousResponseId !== null || !mayGoOn(request)) return
  if (splitInput(request.input).history.length === 0) await past.find(agent, principal)
}

/**
 * Stores a turn by its plan: that of a new conversation has what was said before the ledger in front of it, any other is as it is.
 * Where that fails, the next conversation may have that past.
 */
export async function storeWithPast<T>(
  plan: Plan,
  request: TurnRequest,
  agent: Agent,
  { earlierPast: past }: Pasts,
  store: (plan: Plan) => Promise<T>,
): Promise<T> {
  const isNew = plan.parentTurnId === null && plan.fork === null && plan.clientHistory.length === 0
  const mayHaveIt = past !== undefined && isNew && mayGoOn(request)
  const reserved = mayHaveIt ? past.reserve(agent, plan.thread.principal) : null
  if (reserved === null) return store(plan)
  try {
    // What its client sends again is recognised by what it has, of which this is no part: the rest of the plan stays.
    const stored = await store({ ...plan, clientHistory: reserved.items })
    reserved.keep()
    return stored
  } catch (error) {
    reserved.giveBack()
    throw error
  }
}

/** A conversation of somebody's own, that is kept. */
function mayGoOn({ keepsThread, sideRequest, askedBy = [] }: TurnRequest): boolean {
  return keepsThread && sideRequest === null && askedBy.length === 0
}
