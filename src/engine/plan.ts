import { createHash } from "node:crypto"
import type { AgentKey } from "../domain/agents.ts"
import { ProxyError } from "../domain/errors.ts"
import { newId } from "../domain/ids.ts"
import type { Item } from "../domain/items.ts"
import type { Store, ThreadRecord, TurnRecord } from "../domain/store.ts"
import type { TurnRequest } from "../domain/turn-request.ts"
import { assertAnswerable, assertOutputsHaveCalls, findHead } from "./conversation-head.ts"
import { conversationNotFound } from "./conversations.ts"
import { type AddedItem, historyHash, splitInput } from "./history.ts"
import { assertCallsAnswered } from "./open-functions.ts"

/** In what a request differs from the thread that it goes on from: the native thread was told something else. */
export interface ThreadChanges {
  readonly instructions: boolean
  /** Another order alone is none. */
  readonly tools: boolean
}

export const noChanges: ThreadChanges = { instructions: false, tools: false }

/** Which thread a turn goes to, and what of the request that thread does not hold yet. */
export interface Plan {
  /** As it is to be stored, but for `headTurnId`. */
  readonly thread: ThreadRecord
  readonly parentTurnId: string | null
  /** The native turn to branch from, where the thread is new and its past lies in another native thread. */
  readonly fork: { readonly thread: ThreadRecord; readonly turn: TurnRecord } | null
  /** Against the thread of the turn `parentTurnId`, be it continued, forked or told to a new one. */
  readonly changes: ThreadChanges
  /** Resent history that no thread of ours holds: a new thread is seeded with it. */
  readonly clientHistory: readonly Item[]
  readonly added: readonly AddedItem[]
  /** Chain hash of everything before `added`. */
  readonly hashBefore: string | null
}

export interface PlanContext {
  readonly store: Store
  readonly principal: string
  readonly agent: AgentKey
  /** Kind of the agent's backend. */
  readonly backend: string
  readonly sessions: "separate" | "shared"
  /** The thread, never stored, of a turn that waits for its client at this point of the conversation. */
  readonly findParked: (historyHash: string, keyHash: string) => ThreadRecord | null
  readonly now: number
  /** By the clock by which things age. */
  readonly age: number
}

/** True when the plan depends on threads that exist, and so must not be made while another one is being stored. */
export function needsLookup(request: TurnRequest, sessions: "separate" | "shared"): boolean {
  return (
    request.previousResponseId !== null ||
    request.conversationId !== null ||
    request.sessionKey !== null ||
    sessions === "shared" ||
    splitInput(request.input).history.length > 0
  )
}

/**
 * The table "which thread" of the design. Everything is looked up within one principal and agent; a thread of other
 * instructions, tools or backend is never continued, but its turns are the past of the new one.
 */
export async function planTurn(request: TurnRequest, context: PlanContext): Promise<Plan> {
  if (request.previousResponseId !== null) {
    return planAfterResponse(request.previousResponseId, request, context)
  }
  if (request.conversationId !== null) return planConversation(request.conversationId, request, context)
  const { history, added } = splitInput(request.input)
  if (request.sessionKey !== null) return planSession(request.sessionKey, history, added, request, context)
  if (context.sessions === "shared" && request.keepsThread)
    return planShared(history, added, request, context)
  return planHistory(history, added, request, context)
}

async function planAfterResponse(id: string, request: TurnRequest, context: PlanContext): Promise<Plan> {
  const { store, principal } = context
  const response = await store.findResponse(principal, id)
  const turn = response === null ? null : await store.findTurnOfResponse(id)
  const thread = turn === null ? null : await store.findThread(turn.threadId)
  if (response === null || turn === null || thread === null) {
    throw notFound(`Previous response with id '${id.slice(0, 100)}' not found.`)
  }
  if (response.agentId !== context.agent.id) {
    throw notFound(
      `Response '${id}' is an answer of agent '${response.agentId}'; name that agent as the model to go on.`,
    )
  }
  if (thread.agentIdentity !== context.agent.identity) {
    throw notFound(
      `Response '${id}' is an answer of an earlier agent of the name '${response.agentId}', who is not here any more: the one of today knows ` +
        "nothing of it. Send the conversation itself as 'input', or begin a new one.",
    )
  }
  // After a known response everything in the input is new, also what looks like history.
  const { history, added } = splitInput(request.input)
  assertCallsAnswered([...response.output, ...history], added)
  const hashBefore = historyHash(turn.historyHash ?? `after ${turn.id}`, history)
  return planAfterTurn(thread, turn, { clientHistory: history, added, hashBefore }, request, context)
}

function notFound(message: string): ProxyError {
  return new ProxyError("previous_response_not_found", message, { param: "previous_response_id" })
}

/**
 * The thread that holds the conversation's items goes on; where none does, a new one is seeded with them. Items of the
 * client's that nobody has answered yet are part of what is new.
 */
async function planConversation(id: string, request: TurnRequest, context: PlanContext): Promise<Plan> {
  const { store, principal, agent } = context
  const conversation = await store.conversations.find(principal, id)
  if (conversation === null) throw conversationNotFound(id, "conversation")
  const head = await findHead(conversation, agent, store)
  if (head !== null) {
    const { history, added } = splitInput(request.input)
    assertAnswerable([...(await store.findOutput(head.turn.id)), ...history], added)
    const hashBefore = historyHash(head.turn.historyHash ?? `after ${head.turn.id}`, history)
    return planAfterTurn(
      head.thread,
      head.turn,
      { clientHistory: history, added, hashBefore },
      request,
      context,
    )
  }
  const { history, added } = splitInput([...(await store.conversations.allItems(id)), ...request.input])
  assertOutputsHaveCalls([...history, ...added])
  assertAnswerable(history, added)
  return planNew({ clientHistory: history, added, hashBefore: historyHash(null, history) }, request, context)
}

interface Continuation {
  readonly clientHistory: readonly Item[]
  readonly added: readonly AddedItem[]
  readonly hashBefore: string | null
}

async function planSession(
  sessionKey: string,
  history: readonly Item[],
  added: readonly AddedItem[],
  request: TurnRequest,
  context: PlanContext,
): Promise<Plan> {
  const thread = await context.store.findThreadBySession(context.principal, context.agent, sessionKey)
  // A client that sends the whole conversation each time, and now sends none, has gone back to its first message.
  const isBeginning = history.length > 0 || request.resendsHistory || thread?.resendsHistory === true
  if (thread === null || isBeginning) return planHistory(history, added, request, context, sessionKey)
  const head = thread.headTurnId === null ? null : await context.store.findTurn(thread.headTurnId)
  if (head === null) return planHistory(history, added, request, context, sessionKey)
  await assertOutputsWanted(head.id, added, context.store)
  const hashBefore = head.historyHash ?? `after ${head.id}`
  return planAfterTurn(thread, head, { clientHistory: [], added, hashBefore }, request, context, sessionKey)
}

async function planShared(
  history: readonly Item[],
  added: readonly AddedItem[],
  request: TurnRequest,
  context: PlanContext,
): Promise<Plan> {
  const key = keyHashOf(request, context)
  const main = await context.store.findMainThread(context.principal, context.agent, key)
  const head = main?.headTurnId ? await context.store.findTurn(main.headTurnId) : null
  if (main !== null && head !== null) {
    await assertOutputsWanted(head.id, added, context.store)
    // Everybody talks to the same thread: it holds the past, whatever the client resends of it.
    return {
      thread: { ...main, usedAt: context.age },
      parentTurnId: head.id,
      fork: null,
      changes: noChanges,
      clientHistory: [],
      added,
      hashBefore: historyHash(null, history),
    }
  }
  const plan = planNew(
    { clientHistory: history, added, hashBefore: historyHash(null, history) },
    request,
    context,
  )
  return { ...plan, thread: { ...plan.thread, isMain: true } }
}

async function planHistory(
  history: readonly Item[],
  added: readonly AddedItem[],
  request: TurnRequest,
  context: PlanContext,
  sessionKey: string | null = null,
): Promise<Plan> {
  const { store, principal, agent } = context
  const hashBefore = historyHash(null, history)
  assertCallsAnswered(history, added)
  if (hashBefore !== null && !request.keepsThread && !request.isSideRequest) {
    const thread = context.findParked(hashBefore, keyHashOf(request, context))
    if (thread?.headTurnId) {
      return {
        thread,
        parentTurnId: thread.headTurnId,
        fork: null,
        changes: noChanges,
        clientHistory: history,
        added,
        hashBefore,
      }
    }
  }
  if (hashBefore !== null && request.keepsThread) {
    const candidates = await store.findTurnsByHistory(
      principal,
      agent,
      keyHashOf(request, context),
      hashBefore,
    )
    const known = await bestMatch(candidates, sessionKey, store)
    if (known !== null) {
      const continuation = { clientHistory: [], added, hashBefore }
      const plan = await planAfterTurn(known.thread, known.turn, continuation, request, context, sessionKey)
      return { ...plan, thread: { ...plan.thread, resendsHistory: sessionKey !== null } }
    }
  }
  return planNew({ clientHistory: history, added, hashBefore }, request, context, sessionKey)
}

/**
 * In a conversation that is named, or shared by all, a new message may come in place of the outputs that the agent waits
 * for: it goes on without them. But outputs must be those that it waits for.
 */
async function assertOutputsWanted(
  headTurnId: string,
  added: readonly AddedItem[],
  store: Store,
): Promise<void> {
  if (!added.some((item) => item.type === "function_call_output")) return
  const head = (await store.lineage(headTurnId)).at(-1)
  assertCallsAnswered(head?.output ?? [], added)
}

/** The session's own thread first, then one that ends there (it can be continued), then the newest. */
async function bestMatch(
  candidates: readonly TurnRecord[],
  sessionKey: string | null,
  store: Store,
): Promise<{ thread: ThreadRecord; turn: TurnRecord } | null> {
  let best: { thread: ThreadRecord; turn: TurnRecord; rank: number } | null = null
  for (const turn of candidates) {
    const thread = await store.findThread(turn.threadId)
    // A conversation that has a name of its own is not taken over by one of another name.
    if (thread === null || (thread.sessionKey !== null && thread.sessionKey !== sessionKey)) continue
    const rank =
      (sessionKey !== null && thread.sessionKey === sessionKey ? 2 : 0) +
      (thread.headTurnId === turn.id ? 1 : 0)
    if (best === null || rank > best.rank) best = { thread, turn, rank }
  }
  return best
}

function planAfterTurn(
  thread: ThreadRecord,
  turn: TurnRecord,
  continuation: Continuation,
  request: TurnRequest,
  context: PlanContext,
  sessionKey: string | null = thread.sessionKey,
): Plan {
  const changes = changesOf(thread, request, context)
  const isSameKind = !changes.instructions && !changes.tools && thread.backend === context.backend
  const isHead = thread.headTurnId === turn.id
  const addsHistory = continuation.clientHistory.length > 0
  if (isSameKind && isHead && !addsHistory && request.keepsThread && !thread.isEphemeral) {
    return {
      ...continuation,
      thread: { ...thread, sessionKey, usedAt: context.age },
      parentTurnId: turn.id,
      fork: null,
      changes,
    }
  }
  const canFork = isSameKind && !addsHistory && request.keepsThread
  const plan = planNew(continuation, request, context, sessionKey)
  return { ...plan, parentTurnId: turn.id, fork: canFork ? { thread, turn } : null, changes }
}

function planNew(
  continuation: Continuation,
  request: TurnRequest,
  context: PlanContext,
  sessionKey: string | null = null,
): Plan {
  const thread: ThreadRecord = {
    id: newId("thr_"),
    principal: context.principal,
    agentId: context.agent.id,
    agentIdentity: context.agent.identity,
    backend: context.backend,
    keyHash: keyHashOf(request, context),
    instructions: request.instructions,
    nativeRef: null,
    isEphemeral: !request.keepsThread,
    isMain: false,
    sessionKey,
    resendsHistory: sessionKey !== null && (request.resendsHistory || continuation.clientHistory.length > 0),
    headTurnId: null,
    createdAt: context.now,
    usedAt: context.age,
  }
  return { ...continuation, thread, parentTurnId: null, fork: null, changes: noChanges }
}

function changesOf(thread: ThreadRecord, request: TurnRequest, context: PlanContext): ThreadChanges {
  // The key has all three; the thread's own instructions and backend in it leave the tools.
  const { backend, instructions, keyHash } = thread
  return {
    instructions: instructions !== request.instructions,
    tools: keyHash !== keyHashOf({ ...request, instructions }, { ...context, backend }),
  }
}

/** What a native thread was told at its beginning: together they are its key. Tools count in any order. */
function keyHashOf(request: Pick<TurnRequest, "instructions" | "tools">, context: PlanContext): string {
  const tools = request.tools.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return createHash("sha256")
    .update(JSON.stringify([context.backend, request.instructions, tools]))
    .digest("hex")
}
