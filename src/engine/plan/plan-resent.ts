import type { TurnRequest } from "../../domain/turn-request.ts"
import { findPast } from "./find-past.ts"
import { noChanges, type Plan, type PlanContext, planAfterTurn, planNew } from "./plan.ts"
import { type AddedItem, assertCallsAnswered, splitInput } from "./request-items.ts"
import { SentConversation } from "./sent-conversation.ts"
import { behindUnanswered, type Place } from "./unanswered.ts"

/**
 * A client that sends the conversation again: behind the last turn of ours that is in it, with what
 * is not known there. See the table in docs/conversations.md. `sessionKey` chooses among turns that
 * fit, and names the thread. Throws `invalid_request` where calls and outputs do not match.
 */
export async function planResent(
  request: TurnRequest,
  context: PlanContext,
  sessionKey: string | null,
): Promise<Plan> {
  const { history, added } = splitInput(request.input)
  assertCallsAnswered(history, added)
  const sent = new SentConversation(request)
  const unknown = () => planNew(sent.from(0), request, context, sessionKey)
  if (request.sideRequest !== null) return unknown()
  const { owner, unsettled } = context
  const parked = request.keepsThread
    ? null
    : unsettled.findUnstored(owner.principal, owner.agent.id, outputIds(added))
  if (parked !== null && parked.headTurnId !== null) {
    const how = { ...sent.from(history.length), clientHistory: history }
    return { ...how, thread: parked, parentTurnId: parked.headTurnId, fork: null, changes: noChanges }
  }
  const { store } = context
  const place = await placeOf(sent, sessionKey, context)
  const turn = place.turnId === null ? null : await store.findTurn(place.turnId)
  const thread = turn === null ? null : await store.findThread(turn.threadId)
  if (turn === null || thread === null) return unknown()
  const how = { ...sent.from(place.end, place.isRepeat), seenText: place.seenText }
  return planAfterTurn(thread, turn, how, request, context, sessionKey)
}

async function placeOf(
  sent: SentConversation,
  sessionKey: string | null,
  context: PlanContext,
): Promise<Place> {
  const search = { store: context.store, owner: context.owner }
  const { said: exchanges, chains } = sent
  const runs = () => sent.runs()
  const messagesBetween = (start: number, end: number) => sent.messagesBetween(start, end)
  // Most conversations begin: nothing was said to them yet.
  const past =
    exchanges.length === 0
      ? null
      : await findPast({ ...search, exchanges, chains, runs, sessionKey, messagesBetween })
  const start: Place = {
    turnId: past?.turnId ?? null,
    end: past?.end ?? 0,
    seenText: null,
    isRepeat: false,
    asked: [],
  }
  const { hidesItsWork, unsettled } = context
  return behindUnanswered(start, { ...search, sent, sessionKey, hidesItsWork, unsettled })
}

function outputIds(added: readonly AddedItem[]): readonly string[] {
  return added.flatMap((item) => (item.type === "function_call_output" ? [item.callId] : []))
}
