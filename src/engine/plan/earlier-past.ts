import type { TurnRequest } from "../../domain/turn-request.ts"
import type { Agent } from "../agents/agent.ts"
import type { EarlierPast } from "../engine.ts"
import type { Plan } from "./plan.ts"
import { splitInput } from "./request-items.ts"

type Pasts = { readonly earlierPast?: EarlierPast | undefined } | undefined

/**
 * Looks for the past of a request that may begin a conversation: by its `planOf`, one that goes on
 * does not wait. To be awaited where nobody else waits for that request. Rejects as `planOf` does.
 */
export async function findEarlierPast(
  request: TurnRequest,
  agent: Agent,
  principal: string,
  pasts: Pasts,
  planOf: () => Promise<Plan>,
): Promise<void> {
  const past = pasts?.earlierPast
  if (past === undefined || request.previousResponseId !== null || !mayGoOn(request)) return
  if (splitInput(request.input).history.length > 0) return
  await past.find(agent, principal, async () => isNew(await planOf()))
}

/**
 * Stores a turn by its plan: that of a new conversation has what was said before the ledger in
 * front of it, any other is as it is. Where that fails, the next conversation may have that past.
 */
export async function storeWithPast<T>(
  plan: Plan,
  request: TurnRequest,
  agent: Agent,
  pasts: Pasts,
  store: (plan: Plan) => Promise<T>,
): Promise<T> {
  const past = pasts?.earlierPast
  const mayHaveIt = past !== undefined && isNew(plan) && mayGoOn(request)
  const reserved = mayHaveIt ? past.reserve(agent, plan.thread.principal) : null
  if (reserved === null) return store(plan)
  try {
    // What its client sends again is recognised by what it has, of which this is no part: the rest
    // of the plan stays.
    const stored = await store({ ...plan, clientHistory: reserved.items })
    reserved.keep()
    return stored
  } catch (error) {
    reserved.giveBack()
    throw error
  }
}

function isNew({ parentTurnId, fork, clientHistory }: Plan): boolean {
  return parentTurnId === null && fork === null && clientHistory.length === 0
}

/** A conversation of somebody's own, that is kept. */
function mayGoOn({ keepsThread, sideRequest, askedBy = [] }: TurnRequest): boolean {
  return keepsThread && sideRequest === null && askedBy.length === 0
}
