import { createHash } from "node:crypto"
import type { HistoryTurn } from "../../../domain/backend.ts"
import type { Item } from "../../../domain/items.ts"
import { unused } from "./function-names.ts"

/** What model servers take, in characters. */
const maxLength = 64
const hashLength = 12

/**
 * The same history with ids of calls as every CLI and its model server take them: each id is that
 * of one call, and its output's. Other providers begin to count anew in each round (`call_0`), or
 * have longer ids. Ids of native items stay: they are of this kind, and what they name was told by
 * the CLI itself.
 */
export function withFitIds(history: readonly HistoryTurn[], kind: string): readonly HistoryTurn[] {
  const isNative = (turn: HistoryTurn) => turn.native?.kind === kind && turn.native.items.length > 0
  const used = new Set(history.filter(isNative).flatMap(({ output }) => output.flatMap(callIdOf)))
  /** Of the newest call of that id. */
  const current = new Map<string, string>()
  const newId = (id: string): string => {
    const found = unused(fitId(id), used)
    used.add(found)
    return found
  }
  const told = (item: Item, isKept: boolean): Item => {
    if (item.type === "function_call" || item.type === "function_call_output") {
      // The output of a call that nobody has told is no other's.
      const known = item.type === "function_call" ? undefined : current.get(item.callId)
      const callId = isKept && item.type === "function_call" ? item.callId : (known ?? newId(item.callId))
      current.set(item.callId, callId)
      return { ...item, callId }
    }
    return isKept || !ownCalls.has(item.type) ? item : { ...item, id: newId(item.id) }
  }
  return history.map((turn) => {
    const input = turn.input.map((item) => told(item, false))
    return { ...turn, input, output: turn.output.map((item) => told(item, isNative(turn))) }
  })
}

/** Told as calls of the agent's own tools, each with its result. */
const ownCalls: ReadonlySet<Item["type"]> = new Set(["command", "tool_call", "file_change", "web_search"])

function callIdOf(item: Item): string[] {
  if (item.type === "function_call") return [item.callId]
  return ownCalls.has(item.type) ? [item.id] : []
}

/** The same id where model servers take it, else one of its own for each. */
export function fitId(id: string): string {
  const letters = id.replaceAll(/[^a-zA-Z0-9_-]/g, "_")
  if (letters === id && id !== "" && id.length <= maxLength) return id
  const hash = createHash("sha256").update(id).digest("hex").slice(0, hashLength)
  return `${letters.slice(0, maxLength - hashLength - 1)}_${hash}`
}
