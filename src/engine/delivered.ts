import { broughtMarkOf } from "../domain/exchanges.ts"
import type { Item } from "../domain/items.ts"
import type { Store, TurnRecord } from "../domain/store.ts"
import { type AddedItem, splitInput } from "./history.ts"
import { assertCallsAnswered } from "./open-functions.ts"

/** What a client sends behind a turn that it names. */
export interface Sent {
  readonly history: readonly Item[]
  readonly added: readonly AddedItem[]
}

/**
 * Some clients name the turn and send again what was before its calls: the message that was asked, the calls themselves, outputs
 * of earlier ones. All of that was delivered. What is left has the client's order. Throws `invalid_request` where an output is
 * none that anybody asked for, or one is missing. `known`: what the turn has made, where it was read already.
 */
export async function undelivered(
  turn: TurnRecord,
  input: readonly Item[],
  store: Store,
  known: readonly Item[] | null = null,
): Promise<Sent> {
  const output = known ?? (await store.findOutput(turn.id))
  const calls = new Set(output.flatMap((item) => (item.type === "function_call" ? [item.callId] : [])))
  const isCallOf = (item: Item) => item.type === "function_call" && calls.has(item.callId)
  const { history, added } = splitInput(input.slice(input.findLastIndex(isCallOf) + 1))
  if (!added.some(isOutput)) {
    assertCallsAnswered([...output, ...history], added)
    return { history, added }
  }
  const isWanted = (item: AddedItem) => isOutput(item) && calls.has(item.callId)
  const delivered = added.every(isWanted) ? new Set<string>() : await marksBefore(turn.id, store)
  const lastWanted = added.findLastIndex(isWanted)
  const left = added.filter((item, index) => {
    const isKnown = delivered.has(broughtMarkOf(item) ?? "")
    if (isOutput(item)) return calls.has(item.callId) || !isKnown
    return index > lastWanted || !isKnown
  })
  assertCallsAnswered([...output, ...history], left)
  return { history, added: left }
}

function isOutput(item: AddedItem): item is Extract<AddedItem, { type: "function_call_output" }> {
  return item.type === "function_call_output"
}

/** All outputs, and the messages of the turn's own exchange: the same words may be said anew later. */
async function marksBefore(turnId: string, store: Store): Promise<ReadonlySet<string>> {
  const marks = new Set<string>()
  let hasMessage = false
  for (const { exchanges } of (await store.traceTurn(turnId)).toReversed()) {
    const brought = (exchanges ?? []).flatMap((exchange) => exchange.brought)
    for (const mark of brought) if (mark.startsWith("o") || !hasMessage) marks.add(mark)
    hasMessage ||= brought.some((mark) => mark.startsWith("u"))
  }
  return marks
}
