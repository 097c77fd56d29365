import type { FunctionTool } from "../domain/backend.ts"
import type { NativeState } from "../domain/store.ts"
import { changeNote, openingHolds, type Told } from "./change-note.ts"
import { hasTools } from "./thread-tools.ts"

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
export function changeIn(state: NativeState, now: Told, changesTools: boolean, isFork = false): Change {
  const opened = changesTools ? { ...state, tools: now.tools } : state
  const note = changeNote(opened, now)
  const told = isFork && state.note !== null ? "" : state.note
  return { text: note === told ? null : (note ?? openingHolds), note }
}
