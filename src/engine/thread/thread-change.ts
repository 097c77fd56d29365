import { isDeepStrictEqual } from "node:util"
import type { FunctionTool } from "../../domain/backend.ts"
import type { NativeState } from "../../domain/store.ts"
import { changeNote, openingHolds, type Told } from "./change-note.ts"

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

/** What a thread may be opened with beside the functions that are wanted. */
const maxTools = 64
const maxBytes = 64 * 1024

/** True where a thread that was opened with `opened` has all that is wanted: what is not, is refused when it is called. */
function hasTools(opened: readonly FunctionTool[], wanted: readonly FunctionTool[]): boolean {
  const known = new Map(opened.map((tool) => [tool.name, tool]))
  return wanted.every((tool) => isDeepStrictEqual(known.get(tool.name), tool))
}

/**
 * The functions of a thread that takes the place of one with `before`, where they are fixed for its life: the earlier ones stay
 * with it as long as there are not too many, since agents that hand a conversation to one another come back.
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
