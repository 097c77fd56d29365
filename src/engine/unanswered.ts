import { answerText } from "../domain/answer-text.ts"
import { broughtMarkOf, exchangesOf } from "../domain/exchanges.ts"
import { isDeed } from "../domain/has-acted.ts"
import { type ContentPart, type Item, textOf } from "../domain/items.ts"
import { hasFailed, isFinished } from "../domain/responses.ts"
import { saidText } from "../domain/said-text.ts"
import type { Owner, Store, TurnTrace } from "../domain/store.ts"
import { lookupKeys } from "../domain/turn-marks.ts"
import type { Asked, SentConversation } from "./sent-conversation.ts"

/** Where a conversation goes on, behind what happened without an answer. */
export interface Place {
  /** Null: at its beginning. */
  readonly turnId: string | null
  /** Index of the first item that is not known there. */
  readonly end: number
  /** What the client has of the turn's answer; null: as the ledger has it. */
  readonly seenText: string | null
  /** True: the client asks again for what that turn was asked for. */
  readonly isRepeat: boolean
  /** Marks of what the turn was asked, where it was found here. */
  readonly asked: readonly string[]
}

export interface UnansweredSearch {
  readonly store: Store
  readonly owner: Owner
  readonly sent: SentConversation
}

/**
 * A turn that was stopped or failed, or said nothing, did happen. Its client leaves out the answer, or has less of it: the turn
 * is found behind `place` by what it was asked. The same question once more goes on behind it too, where it has acted.
 */
export async function behindUnanswered(place: Place, search: UnansweredSearch): Promise<Place> {
  const next = await nextUnanswered(place, search)
  return next === null ? place : behindUnanswered(next, search)
}

async function nextUnanswered(place: Place, search: UnansweredSearch): Promise<Place | null> {
  const asked = search.sent.askedAfter(place.end)
  if (asked.marks.length === 0) return null
  for (const [index, turn] of (await turnsAfter(place.turnId, asked.marks, search)).entries()) {
    const held = await heldBy(turn, search.store)
    const next = await placeAfter(held, place, asked, index === 0)
    if (next !== null) return next
  }
  return null
}

async function turnsAfter(
  turnId: string | null,
  marks: readonly string[],
  { store, owner }: UnansweredSearch,
): Promise<readonly TurnTrace[]> {
  if (turnId !== null) return store.findTurnsAfter(turnId)
  const scope = { principal: owner.principal, agentId: owner.agent.id }
  const found = await store.findTurnsByKey(owner, lookupKeys(scope)("begin", marks[0] ?? ""))
  const traces = await Promise.all(found.map(({ id }) => store.traceTurn(id)))
  return traces.flatMap((turns) => turns.slice(-1))
}

/** A turn that may have had no answer that its client knows of. */
interface Held {
  readonly turnId: string
  readonly isFailed: boolean
  readonly marks: readonly string[]
  readonly input: () => Promise<readonly Item[]>
  readonly output: () => Promise<readonly Item[]>
  readonly isSilent: boolean
}

async function heldBy({ id, exchanges, status }: TurnTrace, store: Store): Promise<Held> {
  const input = async () => (await store.findTurn(id))?.input ?? []
  // One that still runs may be being stopped.
  const held = exchanges ?? (isFinished(status) ? [] : exchangesOf(await input()))
  return {
    turnId: id,
    isFailed: hasFailed(status),
    marks: held.flatMap(({ brought }) => brought),
    input,
    output: () => store.findOutput(id),
    isSilent: held.every(({ said }) => said.length === 0),
  }
}

async function placeAfter(held: Held, before: Place, asked: Asked, isNewest: boolean): Promise<Place | null> {
  if (held.marks.length === 0 || (!held.isSilent && !held.isFailed)) return null
  const unseen = held.isSilent ? null : ""
  // It was asked the same as the one before it, which failed as well.
  if (held.isFailed && held.marks.join() === before.asked.join() && !before.isRepeat) {
    return { ...before, turnId: held.turnId, seenText: unseen }
  }
  const count = await askedCount(held, asked, isNewest)
  if (count === null) return null
  const next = { turnId: held.turnId, isRepeat: false, seenText: unseen, asked: held.marks }
  const end = count === 0 ? before.end : asked.indexes[count]
  if (end !== undefined) return { ...next, end }
  const { answer } = asked
  if (answer === null) {
    return held.isFailed && (await hasDeeds(held)) ? { ...next, end: before.end, isRepeat: true } : null
  }
  const told = saidText([answerText(await held.output())])
  const seen = saidText([answer.text])
  return seen !== "" && told.startsWith(seen) ? { ...next, end: answer.end, seenText: answer.text } : null
}

/**
 * How many of the client's messages the turn was asked. Of the newest one that failed they may have changed meanwhile: a file's
 * text stands around the newest message only. Where a clock has changed them, all are asked again (0). Null: another turn's.
 */
async function askedCount(held: Held, asked: Asked, isNewest: boolean): Promise<number | null> {
  const count = held.marks.length
  if (held.marks.every((mark, index) => mark === asked.marks[index])) return count
  if (!isNewest || !held.isFailed || count > asked.marks.length) return null
  const input = (await held.input()).filter((item) => broughtMarkOf(item) !== null)
  if (input.every((item, index) => isAround(item, asked.items[index]))) return count
  const isFollowed = usersIn(asked.marks) > usersIn(held.marks) && usersIn(held.marks) > 0
  return isFollowed && (await hasDeeds(held)) ? 0 : null
}

function usersIn(marks: readonly string[]): number {
  return marks.filter((mark) => mark.startsWith("u")).length
}

async function hasDeeds({ output }: Held): Promise<boolean> {
  return (await output()).some(isDeed)
}

function isAround(one: Item, other: Item | undefined): boolean {
  const [a, b] = [contentOf(one), contentOf(other)].map((content) => textOf(content).trim())
  return a !== undefined && b !== undefined && a !== "" && b !== "" && (a.includes(b) || b.includes(a))
}

function contentOf(item: Item | undefined): readonly ContentPart[] {
  if (item?.type === "message") return item.content
  return item?.type === "function_call_output" ? item.output : []
}
