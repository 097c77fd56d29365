import { isDeepStrictEqual } from "node:util"
import type { FunctionTool } from "../domain/backend.ts"

/** What a thread may be opened with beside the functions that are wanted. */
const maxTools = 64
const maxBytes = 64 * 1024

/** True where a thread that was opened with `opened` has all that is wanted: what is not, is refused when it is called. */
export function hasTools(opened: readonly FunctionTool[], wanted: readonly FunctionTool[]): boolean {
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
