import type { Item } from "../domain/items.ts"
import type { TurnRequest } from "../domain/turn-request.ts"
import type { Agent } from "./agent.ts"
import type { Plan, PlanContext } from "./plan.ts"
import { planTurn } from "./plan-turn.ts"

/** A talk of before the ledger, which one new conversation goes on with. */
export interface EarlierPast {
  /** What was said; null: nothing is there for this agent and caller, or it is taken. Never rejects. */
  offer(agent: Agent, principal: string): Promise<readonly Item[] | null>
  /** To be called by whoever goes on with it. False: another one was faster. */
  take(): boolean
}

/** `planTurn`, with what was said before the ledger in front of the first conversation. */
export async function planWithPast(
  request: TurnRequest,
  context: PlanContext,
  agent: Agent,
  { earlierPast: past }: { readonly earlierPast?: EarlierPast | undefined },
): Promise<Plan> {
  const items = past !== undefined && mayGoOn(request) ? await past.offer(agent, context.principal) : null
  const plan = await planTurn(request, context)
  const isNew = plan.parentTurnId === null && plan.fork === null && plan.clientHistory.length === 0
  if (items === null || !isNew || past?.take() !== true) return plan
  // What its client sends again is recognised by what it has, of which this is no part: the rest of the plan stays.
  return { ...plan, clientHistory: items }
}

/** A conversation of somebody's own, that is kept. */
function mayGoOn({ keepsThread, sideRequest, askedBy = [] }: TurnRequest): boolean {
  return keepsThread && sideRequest === null && askedBy.length === 0
}
