import type { Item } from "../domain/items.ts"
import type { TurnRequest } from "../domain/turn-request.ts"
import type { Agent } from "./agent.ts"
import type { Plan } from "./plan.ts"

/** A talk of before the ledger, which one new conversation goes on with. */
export interface EarlierPast {
  /** What was said; null: nothing is there for this agent and caller, or it is taken. Never rejects. */
  offer(agent: Agent, principal: string): Promise<readonly Item[] | null>
  /** To be called by whoever goes on with it. False: another one was faster. */
  take(): boolean
}

/** The plan of a new conversation, with what was said before the ledger in front of it; any other as it is. */
export async function planWithPast(
  plan: Plan,
  request: TurnRequest,
  agent: Agent,
  { earlierPast: past }: { readonly earlierPast?: EarlierPast | undefined },
): Promise<Plan> {
  const isNew = plan.parentTurnId === null && plan.fork === null && plan.clientHistory.length === 0
  if (past === undefined || !isNew || !mayGoOn(request)) return plan
  const items = await past.offer(agent, plan.thread.principal)
  if (items === null || !past.take()) return plan
  // What its client sends again is recognised by what it has, of which this is no part: the rest of the plan stays.
  return { ...plan, clientHistory: items }
}

/** A conversation of somebody's own, that is kept. */
function mayGoOn({ keepsThread, sideRequest, askedBy = [] }: TurnRequest): boolean {
  return keepsThread && sideRequest === null && askedBy.length === 0
}
