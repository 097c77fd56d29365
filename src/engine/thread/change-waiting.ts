import type { FunctionTool, ThreadRef, Turn } from "../../domain/backend.ts"
import { ThreadLostError } from "../../domain/errors.ts"
import type { FunctionCallOutputItem, MessageItem } from "../../domain/items.ts"
import type { Store } from "../../domain/store.ts"
import type { Agent } from "../agents/agent.ts"
import type { Plan } from "../plan/plan.ts"
import { type Change, canHave, changeIn, noChange } from "./thread-change.ts"

export interface WaitingWish {
  readonly agent: Agent
  readonly plan: Plan
  /** The client's. */
  readonly tools: readonly FunctionTool[]
  /** With those of the service. */
  readonly offered: readonly FunctionTool[]
  readonly store: Store
}

/**
 * What has changed for a turn that waits for its client, as when an agent hands the conversation to another one: its functions are
 * changed, and the rest is to be told with the outputs. Rejects with `ThreadLostError` where only another thread can have them.
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

/** What a waiting turn has to be told of by the service comes with the last of its outputs: many take nothing else. */
export function withNote(
  outputs: readonly FunctionCallOutputItem[],
  note: string | null,
): readonly FunctionCallOutputItem[] {
  const last = outputs.at(-1)
  if (note === null || last === undefined) return outputs
  const text = `<note from="the service">\n${note}\n</note>`
  return [...outputs.slice(0, -1), { ...last, output: [...last.output, { type: "text", text }] }]
}
