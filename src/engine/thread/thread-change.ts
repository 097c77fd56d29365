import { isDeepStrictEqual } from "node:util"
import type { ThreadRef, Turn } from "../../domain/backend.ts"
import { ThreadLostError } from "../../domain/errors.ts"
import {
  type FunctionCallOutputItem,
  type FunctionTool,
  type Item,
  type MessageItem,
  textOf,
} from "../../domain/items.ts"
import type { NativeState, Store } from "../../domain/store.ts"
import type { Agent } from "../agents/agent.ts"
import type { Plan } from "../plan/plan.ts"
import { changeNote, noteMessage, openingHolds, type ThreadTerms } from "./change-note.ts"

/** What a turn needs in a native thread that was opened with something else. */
export interface Change {
  /** To be told with the turn; null: it was told already, or there is nothing to tell. */
  readonly text: string | null
  /** The note that holds once that is told; null: what the thread was opened with holds. */
  readonly note: string | null
}

export const noChange: Change = { text: null, note: null }

/** Whether a thread can have these functions: by word to its CLI, or as it has all of them. */
export function canHave(state: NativeState, tools: readonly FunctionTool[], changesTools: boolean): boolean {
  return changesTools || hasTools(state.tools, tools)
}

/** The functions to open or resume a thread with; those that a thread has for its life stay. */
export function offeredIn(
  state: NativeState | null,
  tools: readonly FunctionTool[],
  changesTools: boolean,
): readonly FunctionTool[] {
  return changesTools || state === null ? tools : state.tools
}

/** `isFork`: what was told before the point of the fork is not known, unless nothing ever was. */
export function changeIn(
  state: NativeState,
  now: ThreadTerms,
  changesTools: boolean,
  isFork = false,
): Change {
  const opened = changesTools ? { ...state, tools: now.tools } : state
  const note = changeNote(opened, now)
  const told = isFork && state.note !== null ? "" : state.note
  return { text: note === told ? null : (note ?? openingHolds), note }
}

/** What a thread may be opened with beside the functions that are wanted. */
const maxTools = 64
const maxBytes = 64 * 1024

/** True: `opened` has all that is wanted; what is not wanted is refused when it is called. */
function hasTools(opened: readonly FunctionTool[], wanted: readonly FunctionTool[]): boolean {
  const known = new Map(opened.map((tool) => [tool.name, tool]))
  return wanted.every((tool) => isDeepStrictEqual(known.get(tool.name), tool))
}

/**
 * The functions of a thread that takes the place of one with `before`, where they are fixed for its
 * life: the earlier ones stay with it as long as there are not too many, since agents that hand a
 * conversation to one another come back.
 */
export function openingTools(
  before: readonly FunctionTool[],
  wanted: readonly FunctionTool[],
): readonly FunctionTool[] {
  if (before.length === 0) return wanted
  // In the order of before, as a model server knows the list from its beginning on.
  const known = new Map(before.map((tool) => [tool.name, tool]))
  for (const tool of wanted) known.set(tool.name, tool)
  const all = [...known.values()]
  return all.length > maxTools || Buffer.byteLength(JSON.stringify(all)) > maxBytes ? wanted : all
}

interface WaitingWish {
  readonly agent: Agent
  readonly plan: Plan
  /** The client's. */
  readonly tools: readonly FunctionTool[]
  /** With those of the service. */
  readonly offered: readonly FunctionTool[]
  readonly store: Store
}

/**
 * What has changed for a turn that waits for its client, as when an agent hands the conversation to
 * another one: its functions are changed, and the rest is to be told with the outputs. Rejects with
 * `ThreadLostError` where only another thread can have them.
 */
export async function changeWaiting(ref: ThreadRef, wish: WaitingWish): Promise<Change> {
  const { agent, plan, store } = wish
  const { changesTools } = agent.backend
  // Its turn was told all that held when it began.
  if (!plan.changes.instructions && !plan.changes.tools) return noChange
  const state = plan.thread.isEphemeral ? null : await store.findNativeState(plan.thread.id)
  if (state === null) return noChange
  // Some clients leave them out with the outputs: that is no change.
  const tools = wish.tools.length === 0 ? state.tools : wish.offered
  if (!canHave(state, tools, changesTools)) throw new ThreadLostError(`Thread ${ref} has other functions`)
  if (changesTools) {
    await agent.backend.resumeThread(ref, { tools, instructions: null, isEphemeral: false, history: [] })
  }
  return changeIn(state, { instructions: plan.thread.instructions, tools }, changesTools)
}

/** Gives a waiting turn all that its client has sent. Rejects where it does not take all of it. */
export async function deliver(
  turn: Turn,
  outputs: readonly FunctionCallOutputItem[],
  messages: readonly MessageItem[],
): Promise<void> {
  await turn.addMessages?.(messages)
  for (const { callId, output } of outputs) await turn.answer(callId, output)
}

/** A waiting turn is told with the last of its outputs: many take nothing else. */
export function withNote(
  outputs: readonly FunctionCallOutputItem[],
  note: string | null,
): readonly FunctionCallOutputItem[] {
  const last = outputs.at(-1)
  if (note === null || last === undefined) return outputs
  const text = `<note from="the service">\n${note}\n</note>`
  return [...outputs.slice(0, -1), { ...last, output: [...last.output, { type: "text", text }] }]
}

/** What one run tells its native thread of changes, and what that knows of them afterwards. */
export class ChangeNotice {
  #change: Change = noChange
  #isTold = false
  #isForgotten = false

  set(change: Change): void {
    this.#change = change
  }

  /** Told before the new messages, or with outputs that a turn waits for; null: nothing. */
  get text(): string | null {
    return this.#change.text
  }

  /** `text` as messages. */
  get news(): readonly MessageItem[] {
    return this.text === null ? [] : [noteMessage(this.text)]
  }

  /** See `TurnInput`; what an earlier turn was told of changes is among it, as long as it holds. */
  async standingWith(turn: StandingOf, messages: readonly MessageItem[]): Promise<readonly MessageItem[]> {
    const { note, text } = this.#change
    const earlier = text !== null || note === null ? [] : [noteMessage(note)]
    return standingMessages(turn, [...earlier, ...messages])
  }

  /** The turn that was told has ended well. */
  wasTold(): void {
    if (this.text !== null) this.#isTold = true
  }

  /** The CLI has left out of its memory what it was told. */
  forgotten(): void {
    this.#isForgotten = true
  }

  /** What the thread knows now, see `NativeState`; undefined: what is stored of it is right. */
  get note(): string | null | undefined {
    if (this.#isForgotten) return this.#change.note === null ? undefined : ""
    return this.#isTold ? this.#change.note : undefined
  }
}

/** A turn, by where it comes from. */
interface StandingOf {
  readonly plan: Pick<Plan, "parentTurnId" | "clientHistory">
  readonly store: Pick<Store, "lineage">
}

/**
 * What developers have said in a conversation beside its instructions, oldest first. `now` is told
 * with the turn. Clients that say the same with each message have said it once, where they did so
 * last.
 */
async function standingMessages(
  { plan, store }: StandingOf,
  now: readonly Item[],
): Promise<readonly MessageItem[]> {
  const { parentTurnId, clientHistory } = plan
  const past = parentTurnId === null ? [] : await store.lineage(parentTurnId)
  const said = [...past.flatMap(({ input }) => input), ...clientHistory, ...now].filter(isOfDeveloper)
  const texts = said.map(({ content }) => textOf(content))
  return said.filter((_, index) => texts.lastIndexOf(texts[index] ?? "") === index)
}

function isOfDeveloper(item: Item): item is MessageItem {
  return item.type === "message" && item.role === "developer"
}
