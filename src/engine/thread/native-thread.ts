import type { HistoryTurn, ThreadOptions, ThreadRef } from "../../domain/backend.ts"
import { ThreadLostError } from "../../domain/errors.ts"
import type { FunctionCallOutputItem, FunctionTool, Item, MessageItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { NativeState, Store } from "../../domain/store.ts"
import type { SideRequest } from "../../domain/turn-request.ts"
import type { Agent } from "../agents/agent.ts"
import type { Plan } from "../plan/plan.ts"
import { limitsOf, sideRequestInstructions } from "../request/side-request.ts"
import type { ThreadTerms } from "./change-note.ts"
import { type Change, canHave, changeIn, noChange, offeredIn, openingTools } from "./thread-change.ts"
import { cutNote } from "./turn-notes.ts"

export interface OpenedThread {
  readonly ref: ThreadRef
  readonly isNew: boolean
  /** What the agent has to know of the turn before, where that was cut short; null: nothing. */
  readonly note: MessageItem | null
  /** What it was opened with, and what of it holds no more. */
  readonly opened: ThreadTerms
  readonly change: Change
  /** The native thread in whose place it was opened, as that could not change; null: none. */
  readonly replaced: ThreadRef | null
}

export interface ThreadWish {
  readonly agent: Agent
  readonly plan: Plan
  readonly outputs: readonly FunctionCallOutputItem[]
  readonly tools: readonly FunctionTool[]
  readonly store: Store
  readonly sideRequest: SideRequest | null
  /** A turn in what can be resumed or forked here has shown that the CLI has lost it. */
  readonly isLost: boolean
  readonly log: Log
}

/**
 * Makes the native thread of a planned turn ready: the one it has, a fork, or a new one filled from
 * the ledger. The ledger is the truth: whatever the CLI lost is seeded anew, and nobody notices but
 * the log. One that was told something else goes on where the CLI can take the change; see
 * docs/adr/0010-changed-instructions-and-tools.md.
 */
export async function openNativeThread(wish: ThreadWish): Promise<OpenedThread> {
  const { agent, plan, outputs, tools, store } = wish
  // The plan may be older than the turn before this one, which may have opened the thread or lost
  // it; before the first there is none.
  const isFirst = plan.thread.headTurnId === null
  const current = plan.thread.isEphemeral || isFirst ? null : await store.findThread(plan.thread.id)
  const state = current?.nativeRef ? await store.findNativeState(plan.thread.id) : null
  // The native thread has given up on the calls by now; with their outputs, only a new one can go
  // on from them.
  const mustSeed = outputs.length > 0 || wish.isLost
  const ref = mustSeed ? null : (current?.nativeRef ?? null)
  const resumed = ref === null ? null : await resume(ref, state, wish)
  if (resumed !== null) return resumed
  const forked = mustSeed || plan.fork === null || ref !== null ? null : await fork(plan.fork, wish)
  if (forked !== null) return forked
  const { changesTools } = agent.backend
  const earlier = state ?? (plan.parentTurnId === null ? null : await stateBehind(plan.parentTurnId, store))
  const offered = changesTools ? tools : openingTools(earlier?.tools ?? [], tools)
  const history = await seedOf(plan.parentTurnId, [...plan.clientHistory, ...outputs], store)
  const opened = { instructions: plan.thread.instructions, tools: offered }
  const newRef = await agent.backend.openThread({ ...(await optionsOf(opened, wish)), history })
  // Of an answer the ledger has what the client saw; that there was none is no part of the history.
  const isTold = plan.seenText === null && (await seenIn(plan, store)) !== ""
  return {
    ref: newRef,
    isNew: true,
    note: isTold ? null : await noteOn(plan, store),
    opened,
    change: changeIn({ ...opened, note: null }, termsOf(wish), changesTools),
    replaced: ref !== null && !canGoOn(state, wish) ? ref : null,
  }
}

/** What holds for the turn. */
function termsOf({ plan, tools }: ThreadWish): ThreadTerms {
  return { instructions: plan.thread.instructions, tools }
}

/** Null: the CLI does not have it any more, or cannot take what has changed. */
async function resume(
  ref: ThreadRef,
  state: NativeState | null,
  wish: ThreadWish,
): Promise<OpenedThread | null> {
  const { agent, plan, store, log } = wish
  const { backend } = agent
  const { changesTools } = backend
  if (!canGoOn(state, wish)) {
    const { id } = plan.thread
    log("info", "a thread cannot take what has changed; a new one is told the conversation", { thread: id })
    return null
  }
  const offered = offeredIn(state, wish.tools, changesTools)
  const [last] = plan.parentTurnId === null ? [] : await store.findTraces([plan.parentTurnId])
  const options: ThreadOptions = {
    tools: offered,
    isEphemeral: plan.thread.isEphemeral,
    history: [],
    instructions: null,
    ...(last !== undefined && last.status !== "completed" && { endsCut: true }),
  }
  const isKept = await unlessLost(log, async () => {
    await backend.resumeThread(ref, options)
    return true
  })
  if (isKept === null) return null
  return {
    ref,
    isNew: false,
    note: await noteOn(plan, store),
    opened: state ?? termsOf(wish),
    change: state === null ? noChange : changeIn(state, termsOf(wish), changesTools),
    replaced: null,
  }
}

/** Null: the CLI cannot branch there, or not with what has changed. */
async function fork(
  { thread, turn }: NonNullable<Plan["fork"]>,
  wish: ThreadWish,
): Promise<OpenedThread | null> {
  const { agent, store, log } = wish
  const { changesTools } = agent.backend
  const source = await store.findThread(thread.id)
  const at = await store.findTurn(turn.id)
  const state = await store.findNativeState(thread.id)
  if (!source?.nativeRef || !at?.nativeRef || !canGoOn(state, wish)) return null
  const { nativeRef: sourceRef } = source
  const { nativeRef: atRef } = at
  const opened = {
    instructions: state === null ? wish.plan.thread.instructions : state.instructions,
    tools: offeredIn(state, wish.tools, changesTools),
  }
  const options = { ...(await optionsOf(opened, wish)), history: asHistory(wish.plan.clientHistory) }
  const ref = await unlessLost(log, () => agent.backend.forkThread(sourceRef, atRef, options))
  if (ref === null) return null
  const change = changeIn({ ...opened, note: state?.note ?? null }, termsOf(wish), changesTools, true)
  return { ref, isNew: true, note: await noteOn(wish.plan, store), opened, change, replaced: null }
}

/** What an earlier version's thread was told is known only where nothing has changed since. */
function canGoOn(state: NativeState | null, { agent, plan, tools }: ThreadWish): boolean {
  if (state === null) return !plan.changes.instructions && !plan.changes.tools
  return canHave(state, tools, agent.backend.changesTools)
}

async function optionsOf(
  opened: ThreadTerms,
  { agent, plan, sideRequest }: ThreadWish,
): Promise<ThreadOptions> {
  const preamble = sideRequest?.certainty === "certain" ? sideRequestInstructions : await agent.preamble()
  return {
    tools: opened.tools,
    instructions: joinTexts(preamble, opened.instructions),
    isEphemeral: plan.thread.isEphemeral,
    ...limitsOf(sideRequest),
    history: [],
  }
}

/** Of the thread that a conversation comes from. */
async function stateBehind(turnId: string, store: Store): Promise<NativeState | null> {
  const turn = await store.findTurn(turnId)
  return turn === null ? null : store.findNativeState(turn.threadId)
}

/** On the turn before; what was told since is in the history. */
async function noteOn(plan: Plan, store: Store): Promise<MessageItem | null> {
  const seen = await seenIn(plan, store)
  return seen === null ? null : cutNote(seen, await store.findOutput(plan.parentTurnId ?? ""))
}

/** What the client has of the turn before, where that was cut; null: it was not, or is not last. */
async function seenIn({ parentTurnId, clientHistory, seenText }: Plan, store: Store): Promise<string | null> {
  const turn = parentTurnId === null || clientHistory.length > 0 ? null : await store.findTurn(parentTurnId)
  return turn === null ? null : (seenText ?? turn.seenText ?? null)
}

/** Everything that a new native thread must know before the turn's own input. */
async function seedOf(
  parentTurnId: string | null,
  clientHistory: readonly Item[],
  store: Store,
): Promise<HistoryTurn[]> {
  const past = parentTurnId === null ? [] : await store.lineage(parentTurnId)
  const history: HistoryTurn[] = past.map((turn) => ({
    input: turn.input,
    output: turn.output,
    // The native items of an answer that was cut short are not what the client saw of it.
    native:
      turn.nativeItems.length === 0 || (turn.seenText ?? "") !== ""
        ? null
        : { kind: turn.nativeKind, items: turn.nativeItems },
  }))
  return [...history, ...asHistory(clientHistory)]
}

function asHistory(items: readonly Item[]): readonly HistoryTurn[] {
  return items.length === 0 ? [] : [{ input: items, output: [], native: null }]
}

async function unlessLost<T>(log: Log, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ThreadLostError)) throw error
    log("info", "the CLI does not go on with a thread; a new one is told the conversation", {
      reason: error.message,
    })
    return null
  }
}

function joinTexts(...texts: readonly (string | null)[]): string | null {
  const present = texts.filter((text) => text !== null && text.trim() !== "")
  return present.length === 0 ? null : present.join("\n\n")
}
