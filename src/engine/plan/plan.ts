import { hash } from "node:crypto"
import { type Chain, chainAfter, exchangesOf, noChain, writeExchanges } from "../../domain/exchanges.ts"
import { newId } from "../../domain/ids.ts"
import type { Item } from "../../domain/items.ts"
import type { Owner, Store, ThreadRecord, TurnPlace, TurnRecord } from "../../domain/store.ts"
import type { TurnRequest } from "../../domain/turn-request.ts"
import type { AddedItem } from "./request-items.ts"

/** Which thread a turn goes to, and what of the request that thread does not hold yet. */
export interface Plan {
  /** As it is to be stored, but for `headTurnId`. */
  readonly thread: ThreadRecord
  readonly parentTurnId: string | null
  /** The native turn to branch from: the thread is new, its past lies in another native one. */
  readonly fork: { readonly thread: ThreadRecord; readonly turn: TurnRecord } | null
  /** Against the thread of `parentTurnId`, be it continued, forked or told to a new one. */
  readonly changes: ThreadChanges
  /** Resent history that no thread of ours holds: a new thread is seeded with it. */
  readonly clientHistory: readonly Item[]
  /** `clientHistory` as `writeExchanges` has it. */
  readonly clientExchanges: string
  readonly added: readonly AddedItem[]
  /** Everything before `added`, as its client has it. */
  readonly before: Chain
  /** What the client has of `parentTurnId`'s cut answer; null: as the ledger has it. */
  readonly seenText: string | null
}

/** What plans know of turns that the ledger does not tell of, or not yet. */
export interface UnsettledTurns {
  /** First turns that run though their clients are gone, by the keys that will find them. */
  beginnings(owner: Owner, keys: readonly string[]): readonly TurnPlace[]
  /** The thread, which is not stored, of a turn that waits for one of these outputs. */
  findUnstored(principal: string, agentId: string, callIds: readonly string[]): ThreadRecord | null
}

export interface PlanContext {
  readonly store: Store
  readonly owner: Owner
  /** Kind of the agent's backend. */
  readonly backend: string
  /** See `Capabilities`. */
  readonly hidesItsWork: boolean
  readonly sessions: "separate" | "shared"
  readonly unsettled: UnsettledTurns
  readonly now: number
  /** By the clock by which things age. */
  readonly age: number
}

/** What a plan goes on with, as far as it does not depend on the thread. */
export type Continuation = Pick<Plan, "clientHistory" | "clientExchanges" | "added" | "before" | "seenText">

/** `before`: what is known already; `history`: what the client sent behind that, to be told. */
export function continuation(
  before: Chain,
  history: readonly Item[],
  added: readonly AddedItem[],
): Continuation {
  const exchanges = exchangesOf(history)
  return {
    clientHistory: history,
    clientExchanges: writeExchanges(exchanges),
    added,
    before: chainAfter(before, exchanges),
    seenText: null,
  }
}

/** Up to the turn's end. One that runs has no chain yet: what follows is found all the same. */
export function chainBehind({ id, chain }: TurnRecord): Chain {
  return chain ?? { all: `after ${id}`, said: `after ${id}` }
}

/** `sessionKey`: the client's name of the conversation; where it has none, that of the thread. */
export function planAfterTurn(
  thread: ThreadRecord,
  turn: TurnRecord,
  how: Continuation,
  request: TurnRequest,
  context: PlanContext,
  sessionKey: string | null = thread.sessionKey,
): Plan {
  const changes = changesOf(thread, request)
  const isSameKind = thread.backend === context.backend
  const addsHistory = how.clientHistory.length > 0
  // A conversation that has a name of its own is not taken over by one of another name, or of none.
  const isOwn = thread.sessionKey === null || thread.sessionKey === sessionKey
  const goesOn = thread.headTurnId === turn.id && isOwn && !addsHistory
  if (goesOn && request.keepsThread && !thread.isEphemeral && isSameKind) {
    return {
      ...how,
      thread: {
        ...thread,
        instructions: request.instructions,
        keyHash: threadKey(context.backend, request),
        sessionKey,
        usedAt: context.age,
      },
      parentTurnId: turn.id,
      fork: null,
      changes,
    }
  }
  const canFork = isSameKind && request.keepsThread && !thread.isEphemeral
  const plan = planNew(how, request, context, sessionKey)
  return { ...plan, parentTurnId: turn.id, fork: canFork ? { thread, turn } : null, changes }
}

export function planNew(
  how: Continuation,
  request: TurnRequest,
  context: PlanContext,
  sessionKey: string | null = null,
): Plan {
  const { instructions } = request
  const { owner } = context
  const thread: ThreadRecord = {
    id: newId("thr_"),
    principal: owner.principal,
    agentId: owner.agent.id,
    agentIdentity: owner.agent.identity,
    backend: context.backend,
    keyHash: threadKey(context.backend, request),
    instructions,
    nativeRef: null,
    isEphemeral: !request.keepsThread || request.sideRequest !== null,
    isMain: false,
    sessionKey,
    resendsHistory: sessionKey !== null && (request.resendsHistory || how.clientHistory.length > 0),
    headTurnId: null,
    createdAt: context.now,
    usedAt: context.age,
  }
  return { ...how, thread, parentTurnId: null, fork: null, changes: noChanges }
}

/** A new conversation, of whose past nothing is ours. */
export function planUnknown(
  history: readonly Item[],
  added: readonly AddedItem[],
  request: TurnRequest,
  context: PlanContext,
  sessionKey: string | null = null,
): Plan {
  return planNew(continuation(noChain, history, added), request, context, sessionKey)
}

/** How a request differs from what the native thread that it goes on from was told. */
interface ThreadChanges {
  readonly instructions: boolean
  /** Another order alone is none. */
  readonly tools: boolean
}

export const noChanges: ThreadChanges = { instructions: false, tools: false }

type Told = Pick<TurnRequest, "instructions" | "tools">

/** Told to a native thread at its beginning, together its key. Tools count in any order. */
function threadKey(backend: string, { instructions, tools }: Told): string {
  const inOrder = tools.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return hash("sha256", JSON.stringify([backend, instructions, inOrder]), "hex")
}

function changesOf({ backend, instructions, keyHash }: ThreadRecord, request: Told): ThreadChanges {
  return {
    instructions: instructions !== request.instructions,
    // The key has all three; the thread's own instructions and backend in it leave the tools.
    tools: keyHash !== threadKey(backend, { ...request, instructions }),
  }
}
