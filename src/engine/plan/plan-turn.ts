import { ProxyError } from "../../domain/errors.ts"
import { broughtMarkOf, chainAfter, type Exchange, exchangesOf, noChain } from "../../domain/exchanges.ts"
import type { Item } from "../../domain/items.ts"
import type { Store, TurnRecord } from "../../domain/store.ts"
import type { TurnRequest } from "../../domain/turn-request.ts"
import {
  assertAnswerable,
  assertOutputsHaveCalls,
  conversationNotFound,
  findHead,
} from "./conversation-head.ts"
import { chainBehind, continuation, type Plan, type PlanContext, planAfterTurn, planUnknown } from "./plan.ts"
import { planResent } from "./plan-resent.ts"
import { type AddedItem, assertCallsAnswered, splitInput } from "./request-items.ts"

/**
 * The plan of a conversation that begins, made by one look: null where it depends on threads that
 * are there, and so must not be made while another one is being stored. See `planTurn`.
 */
export async function planBeginning(request: TurnRequest, context: PlanContext): Promise<Plan | null> {
  const isNamed =
    request.previousResponseId !== null || request.conversationId !== null || request.sessionKey !== null
  if (isNamed || context.sessions === "shared" || splitInput(request.input).history.length > 0) return null
  const plan = await planResent(request, context, null)
  return plan.parentTurnId === null ? plan : null
}

/**
 * The table "which thread" of docs/conversations.md. Everything is looked up within one principal
 * and agent. What a client changes of instructions and tools never hides a turn: see
 * `Plan.changes`.
 */
export async function planTurn(request: TurnRequest, context: PlanContext): Promise<Plan> {
  if (request.previousResponseId !== null) {
    return planAfterResponse(request.previousResponseId, request, context)
  }
  if (request.conversationId !== null) return planConversation(request.conversationId, request, context)
  if (request.sessionKey !== null) return planSession(request.sessionKey, request, context)
  const isShared = context.sessions === "shared" && request.keepsThread && request.sideRequest === null
  if (isShared) return planShared(request, context)
  return planResent(request, context, null)
}

async function planAfterResponse(id: string, request: TurnRequest, context: PlanContext): Promise<Plan> {
  const { store, owner } = context
  const response = await store.findResponse(owner.principal, id)
  const turn = response === null ? null : await store.findTurnOfResponse(id)
  const thread = turn === null ? null : await store.findThread(turn.threadId)
  if (response === null || turn === null || thread === null) {
    throw notFound(`Previous response with id '${id.slice(0, 100)}' not found.`)
  }
  if (response.agentId !== owner.agent.id) {
    throw notFound(
      `Response '${id}' is an answer of agent '${response.agentId}'; name that agent as the model to go on.`,
    )
  }
  if (thread.agentIdentity !== owner.agent.identity) {
    throw notFound(
      `Response '${id}' is an answer of an earlier agent of the name '${response.agentId}', who is not here any more: the one of today knows ` +
        "nothing of it. Send the conversation itself as 'input', or begin a new one.",
    )
  }
  // After a known response what looks like history is new as well.
  const { history, added } = await undelivered(turn, request.input, store, response.output)
  return planAfterTurn(thread, turn, continuation(chainBehind(turn), history, added), request, context)
}

function notFound(message: string): ProxyError {
  return new ProxyError("previous_response_not_found", message, { param: "previousResponseId" })
}

/**
 * The thread that holds the conversation's items goes on; where none does, a new one is seeded with
 * them. Items of the client's that nobody has answered yet are part of what is new.
 */
async function planConversation(id: string, request: TurnRequest, context: PlanContext): Promise<Plan> {
  const { store, owner } = context
  const conversation = await store.conversations.find(owner.principal, id)
  if (conversation === null) throw conversationNotFound(id, "conversation")
  const head = await findHead(conversation, owner.agent, store)
  if (head !== null) {
    const { history, added } = await undelivered(head.turn, request.input, store)
    assertAnswerable([...(await store.findOutput(head.turn.id)), ...history], added)
    const how = continuation(chainBehind(head.turn), history, added)
    return planAfterTurn(head.thread, head.turn, how, request, context)
  }
  const { history, added } = splitInput([...(await store.conversations.allItems(id)), ...request.input])
  assertOutputsHaveCalls([...history, ...added])
  assertAnswerable(history, added)
  return planUnknown(history, added, request, context)
}

/**
 * A name alone tells where a request belongs only as long as nothing of the conversation comes with
 * it. A client that sends the conversation each time, and now sends none, has gone back to its
 * first message.
 */
async function planSession(sessionKey: string, request: TurnRequest, context: PlanContext): Promise<Plan> {
  const { store, owner } = context
  const exchanges = exchangesOf(request.input)
  const thread = await store.findThreadBySession(owner.principal, owner.agent, sessionKey)
  const isBeginning = request.resendsHistory || thread?.resendsHistory === true
  if (thread?.headTurnId && !hasStatement(exchanges) && !isBeginning) {
    const plan = await planAtHead(thread.headTurnId, request, context)
    if (plan !== null) return plan
  }
  const plan = await planResent(request, context, sessionKey)
  const resendsHistory = request.resendsHistory || plan.thread.resendsHistory || hasAnswer(exchanges)
  return { ...plan, thread: { ...plan.thread, resendsHistory } }
}

function hasStatement(exchanges: readonly Exchange[]): boolean {
  return exchanges.some(({ said }) => said.length > 0)
}

/** Calls come back with their outputs from clients that send nothing else of a conversation. */
function hasAnswer(exchanges: readonly Exchange[]): boolean {
  return exchanges.some(({ said }) => said[0]?.startsWith("s") === true)
}

/** Everybody talks to the same thread: it holds the past, whatever the client resends of it. */
async function planShared(request: TurnRequest, context: PlanContext): Promise<Plan> {
  const main = await context.store.findMainThread(context.owner.principal, context.owner.agent)
  const behind = main?.headTurnId ? await planAtHead(main.headTurnId, request, context) : null
  const { history, added } = splitInput(request.input)
  const plan = behind ?? planUnknown(history, added, request, context)
  // What its client has of the conversation is not what the thread holds.
  const before = chainAfter(noChain, exchangesOf(history))
  return { ...plan, thread: { ...plan.thread, isMain: true }, before }
}

/**
 * Behind the newest turn of a thread, with what is new in the request. A message may come in place
 * of the outputs that the agent waits for: it goes on without them. But outputs must be those that
 * it waits for.
 */
async function planAtHead(
  headTurnId: string,
  request: TurnRequest,
  context: PlanContext,
): Promise<Plan | null> {
  const { store } = context
  const turn = await store.findTurn(headTurnId)
  const thread = turn === null ? null : await store.findThread(turn.threadId)
  if (turn === null || thread === null) return null
  const sent = splitInput(request.input)
  const hasOutputs = sent.added.some(({ type }) => type === "function_call_output")
  const { added } = hasOutputs ? await undelivered(turn, request.input, store) : sent
  return planAfterTurn(thread, turn, continuation(chainBehind(turn), [], added), request, context)
}

/** What a client sends behind a turn that it names. */
interface Sent {
  readonly history: readonly Item[]
  readonly added: readonly AddedItem[]
}

/**
 * Some clients name the turn and send again what was before its calls: the message that was asked,
 * the calls themselves, outputs of earlier ones. All of that was delivered. What is left has the
 * client's order. Throws `invalid_request` where an output is none that anybody asked for, or one
 * is missing. `known`: what the turn has made, where it was read already.
 */
async function undelivered(
  turn: TurnRecord,
  input: readonly Item[],
  store: Store,
  known: readonly Item[] | null = null,
): Promise<Sent> {
  const output = known ?? (await store.findOutput(turn.id))
  const calls = new Set(output.flatMap((item) => (item.type === "function_call" ? [item.callId] : [])))
  const isCallOf = (item: Item) => item.type === "function_call" && calls.has(item.callId)
  const { history, added } = splitInput(input.slice(input.findLastIndex(isCallOf) + 1))
  if (!added.some(isOutput)) {
    assertCallsAnswered([...output, ...history], added)
    return { history, added }
  }
  const isWanted = (item: AddedItem) => isOutput(item) && calls.has(item.callId)
  const delivered = added.every(isWanted) ? new Set<string>() : await marksBefore(turn.id, store)
  const lastWanted = added.findLastIndex(isWanted)
  const left = added.filter((item, index) => {
    const isKnown = delivered.has(broughtMarkOf(item) ?? "")
    if (isOutput(item)) return calls.has(item.callId) || !isKnown
    return index > lastWanted || !isKnown
  })
  assertCallsAnswered([...output, ...history], left)
  return { history, added: left }
}

function isOutput(item: AddedItem): item is Extract<AddedItem, { type: "function_call_output" }> {
  return item.type === "function_call_output"
}

/** All outputs, and the messages of its own exchange: the same words may be said anew later. */
async function marksBefore(turnId: string, store: Store): Promise<ReadonlySet<string>> {
  const marks = new Set<string>()
  let hasMessage = false
  for (const { exchanges } of (await store.traceTurn(turnId)).toReversed()) {
    const brought = (exchanges ?? []).flatMap((exchange) => exchange.brought)
    for (const mark of brought) if (mark.startsWith("o") || !hasMessage) marks.add(mark)
    hasMessage ||= brought.some((mark) => mark.startsWith("u"))
  }
  return marks
}
