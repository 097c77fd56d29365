import { broughtMarkOf } from "../../domain/exchanges.ts"
import { answerText, type ContentPart, type Item, textOf } from "../../domain/items.ts"
import { saidText } from "../../domain/said-text.ts"
import type { Owner, Store, TurnTrace } from "../../domain/store.ts"
import { lookupKeys } from "../../domain/turn-marks.ts"
import { type Held, heldBy } from "./held.ts"
import type { UnsettledTurns } from "./plan.ts"
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
  /** The client's name of the conversation. */
  readonly sessionKey: string | null
  /** The agent does not tell what it does by itself. */
  readonly hidesItsWork: boolean
  readonly unsettled: Pick<UnsettledTurns, "beginnings">
}

/**
 * A turn that was stopped or failed, or said nothing, did happen, and so did calls that were never
 * answered. Its client leaves out the answer, or has less of it or something in its place: the turn
 * is found behind `place` by what it was asked. The same question once more goes on behind it too,
 * where it has acted.
 */
export async function behindUnanswered(place: Place, search: UnansweredSearch): Promise<Place> {
  const next = await nextUnanswered(place, search)
  return next === null ? place : behindUnanswered(next, search)
}

async function nextUnanswered(place: Place, search: UnansweredSearch): Promise<Place | null> {
  const asked = search.sent.askedAfter(place.end)
  if (asked.marks.length === 0) return null
  const candidates = await turnsAfter(place.turnId, asked.marks, search)
  // All at once, so that the ledger is asked once.
  const held = await Promise.all(candidates.map(({ turn }) => heldBy(turn, search)))
  for (const [index, { isOfSession }] of candidates.entries()) {
    const one = held[index] ?? null
    const how = { isNewest: index === 0, isFirst: place.turnId === null, isOfSession }
    const next = one === null ? null : await placeAfter(one, place, asked, how)
    if (next !== null) return next
  }
  return null
}

/** Messages that are looked at for a conversation's first turn. */
const maxBeginnings = 8

/** Of turns that began the same, the newest are looked at: what was stopped is said again soon. */
const maxSameBeginnings = 6

/** How a turn was found. */
interface Found {
  readonly isNewest: boolean
  /** It begins its conversation: nothing but what it was asked tells which one that is. */
  readonly isFirst: boolean
  readonly isOfSession: boolean
}

interface Candidate {
  readonly turn: TurnTrace
  readonly isOfSession: boolean
}

async function turnsAfter(
  turnId: string | null,
  marks: readonly string[],
  search: UnansweredSearch,
): Promise<readonly Candidate[]> {
  const { store, owner, sessionKey } = search
  if (turnId !== null) {
    return (await store.findTurnsAfter(turnId)).map((turn) => ({ turn, isOfSession: false }))
  }
  const keyOf = lookupKeys({ principal: owner.principal, agentId: owner.agent.id })
  // Which of them the turn was asked last is not known here.
  const values = marks.filter((mark, index) => index === 0 || mark.startsWith("u")).slice(0, maxBeginnings)
  const keys = values.map((mark) => keyOf("begin", mark))
  const newest = async (key: string) => (await store.findTurnsByKey(owner, key)).slice(0, maxSameBeginnings)
  const found = (await Promise.all(keys.map(newest))).flat()
  const begun = [...found, ...search.unsettled.beginnings(owner, keys)]
  const session =
    sessionKey === null ? null : await store.findThreadBySession(owner.principal, owner.agent, sessionKey)
  // Under another name it is another chat, which begins with the same words.
  const isOther = (name: string | null) => sessionKey !== null && name !== null && name !== sessionKey
  const ids = new Set(begun.filter((place) => !isOther(place.sessionKey)).map(({ id }) => id))
  const traces = await store.findTraces([...ids])
  const ofSession = session?.headTurnId ? (await store.traceTurn(session.headTurnId)).slice(0, 1) : []
  const others = traces.filter(({ id }) => id !== ofSession[0]?.id)
  return [
    ...ofSession.map((turn) => ({ turn, isOfSession: true })),
    ...others.map((turn) => ({ turn, isOfSession: false })),
  ]
}

async function placeAfter(held: Held, before: Place, asked: Asked, found: Found): Promise<Place | null> {
  const unseen = held.isSilent ? null : ""
  // It was asked the same as the one before it, which failed as well.
  if (held.isFailed && held.marks.join() === before.asked.join() && !before.isRepeat) {
    return { ...before, turnId: held.turnId, seenText: unseen }
  }
  const count = await askedCount(held, asked, found)
  if (count === null) return null
  const next = { turnId: held.turnId, isRepeat: false, seenText: unseen, asked: held.marks }
  const end = count === 0 ? before.end : asked.indexes[count]
  if (end !== undefined) return { ...next, end }
  const { answer } = asked
  if (answer === null) {
    return held.isFailed && (await held.hasActed()) ? { ...next, end: before.end, isRepeat: true } : null
  }
  // Something else may stand in its place, as what an interface says of a failure: what was done is
  // done.
  const told = saidText([answerText(await held.output())])
  const isSeen = isBeginning(told, saidText([answer.text])) || (held.isCut && (await held.hasActed()))
  return isSeen ? { ...next, end: answer.end, seenText: answer.text } : null
}

function isBeginning(told: string, seen: string): boolean {
  return seen !== "" && told.startsWith(seen)
}

/**
 * How many of the client's messages the turn was asked. Of the newest one that was cut they may
 * have changed meanwhile: a file's text stands around the newest message only. Where they may say
 * something that it was not asked, as behind a clock, all are asked again (0). Null: another
 * turn's.
 */
async function askedCount(held: Held, asked: Asked, found: Found): Promise<number | null> {
  const count = held.marks.length
  if (held.marks.every((mark, index) => mark === asked.marks[index])) return count
  if (!(found.isNewest || found.isFirst) || !held.isCut || count > asked.marks.length) return null
  const items = await held.items()
  if (items.every((item, index) => isHeldBy(item, asked.items[index]))) return count
  if (found.isFirst && !isSameBeginning(items, asked, found)) return null
  const isFollowed = usersIn(asked.marks) > usersIn(held.marks) && usersIn(held.marks) > 0
  return isFollowed && (await held.hasActed()) ? 0 : null
}

/** By the last message, or the client's id where all else differs in numbers only: clock, date. */
function isSameBeginning(items: readonly Item[], asked: Asked, { isOfSession }: Found): boolean {
  const last = items.findLastIndex((item) => item.type === "message" && item.role === "user")
  const lastItem = items[last]
  const isLastHeld = lastItem !== undefined && isHeldBy(lastItem, asked.items[last])
  return (isLastHeld || isOfSession) && items.every((item, index) => isAlike(item, asked.items[index]))
}

function isAlike(one: Item, sent: Item | undefined): boolean {
  if (sent === undefined) return false
  return isHeldBy(one, sent) || (one.type === sent.type && withoutNumbers(one) === withoutNumbers(sent))
}

function withoutNumbers(item: Item): string {
  return textOf(contentOf(item)).replaceAll(/\d+/g, "0").trim()
}

function usersIn(marks: readonly string[]): number {
  return marks.filter((mark) => mark.startsWith("u")).length
}

function isHeldBy(one: Item, sent: Item | undefined): boolean {
  if (sent === undefined) return false
  return (
    broughtMarkOf(one) === broughtMarkOf(sent) || isWithin(textOf(contentOf(sent)), textOf(contentOf(one)))
  )
}

function contentOf(item: Item): readonly ContentPart[] {
  if (item.type === "message") return item.content
  return item.type === "function_call_output" ? item.output : []
}

/** What is shorter may stand in a line of its own in any text. */
const minLineLength = 16

/** How far before a text the element is looked for that ends there. */
const maxTagLength = 200

/**
 * True where all of `text` is in `around`, and stands there by itself: between elements, or, if it
 * is no mere word or two, on lines of its own. So it is where a client had put a file's text around
 * a message.
 */
function isWithin(text: string, around: string): boolean {
  const inner = text.trim()
  if (inner === "") return false
  const outer = around.trim()
  const isLong = inner.length >= minLineLength
  return [outer.indexOf(inner), outer.lastIndexOf(inner)].some(
    (start) => start >= 0 && standsAlone(outer.slice(0, start), outer.slice(start + inner.length), isLong),
  )
}

function standsAlone(before: string, behind: string, isLong: boolean): boolean {
  const [front, rest] = [before.trimEnd(), behind.trimStart()]
  const isFree = front === "" || endsWithTag(front) || (isLong && before.slice(front.length).includes("\n"))
  if (!isFree) return false
  return rest === "" || /^<\/?[a-z]/i.test(rest) || (isLong && behind.slice(0, -rest.length).includes("\n"))
}

function endsWithTag(text: string): boolean {
  return /<\/?[a-z][^<>]*>$/i.test(text.slice(-maxTagLength))
}
