import type { FunctionTool, HistoryTurn, ThreadOptions, ThreadRef } from "../domain/backend.ts"
import { ThreadLostError } from "../domain/errors.ts"
import type { FunctionCallOutputItem, Item, MessageItem } from "../domain/items.ts"
import type { Log } from "../domain/log.ts"
import type { Store } from "../domain/store.ts"
import type { SideRequest } from "../domain/turn-request.ts"
import type { Agent } from "./agent.ts"
import { cutNote } from "./cut-note.ts"
import type { Plan } from "./plan.ts"
import { limitsOf, sideRequestInstructions } from "./side-request.ts"

export interface OpenedThread {
  readonly ref: ThreadRef
  readonly isNew: boolean
  /** What the agent has to know of the turn before, where that was cut short; null: nothing. */
  readonly note: MessageItem | null
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
 * Makes the native thread of a planned turn ready: the one it has, a fork, or a new one filled from the ledger. The
 * ledger is the truth: whatever the CLI lost is seeded anew, and nobody notices but the log.
 */
export async function openNativeThread(wish: ThreadWish): Promise<OpenedThread> {
  const { agent, plan, outputs, tools, store, sideRequest, log } = wish
  const { backend } = agent
  const base = { tools, isEphemeral: plan.thread.isEphemeral, history: [] }
  // The plan may be older than the turn before this one, which may have opened the thread or lost it.
  const current = plan.thread.isEphemeral ? null : await store.findThread(plan.thread.id)
  // The native thread has given up on the calls by now; with their outputs, only a new one can go on from them.
  const mustSeed = outputs.length > 0 || wish.isLost
  const nativeRef = mustSeed ? null : (current?.nativeRef ?? null)
  if (nativeRef !== null) {
    const options: ThreadOptions = { ...base, instructions: null }
    const isKept = await unlessLost(log, async () => {
      await backend.resumeThread(nativeRef, options)
      return true
    })
    if (isKept) return { ref: nativeRef, isNew: false, note: await noteOn(plan, store) }
  }
  const preamble = sideRequest?.certainty === "certain" ? sideRequestInstructions : await agent.preamble()
  const instructions = joinTexts(preamble, plan.thread.instructions)
  const options: ThreadOptions = { ...base, instructions, ...limitsOf(sideRequest) }
  if (plan.fork !== null && nativeRef === null && !mustSeed) {
    const source = await store.findThread(plan.fork.thread.id)
    const at = await store.findTurn(plan.fork.turn.id)
    if (source?.nativeRef && at?.nativeRef) {
      const { nativeRef: sourceRef } = source
      const { nativeRef: atRef } = at
      const forked = await unlessLost(log, () => backend.forkThread(sourceRef, atRef, options))
      if (forked !== null) return { ref: forked, isNew: true, note: await noteOn(plan, store) }
    }
  }
  const history = await seedOf(plan.parentTurnId, [...plan.clientHistory, ...outputs], store)
  const ref = await backend.openThread({ ...options, history })
  // Of an answer the ledger has what the client saw; that there was none is no part of the history.
  const isTold = plan.seenText === null && (await seenIn(plan, store)) !== ""
  return { ref, isNew: true, note: isTold ? null : await noteOn(plan, store) }
}

/** On the turn before; what was told since is in the history. */
async function noteOn(plan: Plan, store: Store): Promise<MessageItem | null> {
  const seen = await seenIn(plan, store)
  return seen === null ? null : cutNote(seen, await store.findOutput(plan.parentTurnId ?? ""))
}

/** What the client has of the answer of the turn before, where it was cut; null: it was not, or is not the last one. */
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
  if (clientHistory.length > 0) history.push({ input: clientHistory, output: [], native: null })
  return history
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
