import { type Exchange, isCall } from "../../domain/exchanges.ts"
import { hasFailed } from "../../domain/responses.ts"
import type { TurnPlace, TurnTrace } from "../../domain/store.ts"

/**
 * `whole`: the conversation so far is all that the agent knows; `trimmed`: the agent knows more
 * before it; `broken`: what comes before the run is something else (a memory has summed it up, or
 * put something in front).
 */
export type FitKind = "whole" | "trimmed" | "broken"

/** How well a conversation fits behind a turn of ours. */
export interface Fit {
  readonly place: TurnPlace
  /** The turn and all before it, oldest first. */
  readonly turns: readonly TurnTrace[]
  readonly kind: FitKind
  /** Exchanges of the conversation that the turn holds. */
  readonly length: number
  /** How many of them follow each other as they did here, up to the turn. */
  readonly run: number
  /** In how many of these the client's messages are the same as well. */
  readonly sameMessages: number
  /** True: in one of them a message of the user's is the same. */
  readonly isAsked: boolean
  readonly isOfSession: boolean
}

/** One exchange on the way to a turn. */
interface Step extends Omit<Exchange, "end"> {
  /** A turn that failed or was stopped: clients drop it, have less of it, or something instead. */
  readonly isCut: boolean
}

interface FitQuestion {
  readonly place: TurnPlace
  readonly turns: readonly TurnTrace[]
  readonly exchanges: readonly Exchange[]
  /** `saidMarks` of the exchanges. */
  readonly sent: ReadonlySet<string>
  /** The turn's answer was found as that of the exchange before this one. */
  readonly length: number
  readonly sessionKey: string | null
  /** True: a client left exactly these exchanges there, whatever the ledger's own way is. */
  readonly isAsSent: boolean
}

/** Null: it does not fit. */
export function fitOf(question: FitQuestion): Fit | null {
  const { place, turns, exchanges, sent, length, sessionKey, isAsSent } = question
  const steps = stepsOf(turns, sent)
  const known = exchanges.slice(0, length)
  const { run, sameMessages, at, step, isDistinct, isAsked } = followBack(steps, known)
  const isOfSession = sessionKey !== null && place.sessionKey === sessionKey
  // A word or two may have been said in any conversation, and a few of them one after the other.
  const isConvincing = isDistinct || (isAsSent && known.some(({ isShort }) => !isShort))
  if (!isConvincing && !isAsked && !isOfSession) return null
  const fit = { place, turns, length, sameMessages, isAsked, isOfSession }
  if (isAsSent) return { ...fit, kind: "whole", run: length }
  if (run === 0) return null
  if (at < 0) return { ...fit, kind: step < 0 ? "whole" : "trimmed", run }
  return isEdited(steps, exchanges, at, step) ? null : { ...fit, kind: "broken", run }
}

/**
 * Another answer to the same message, in the same place, or behind something that is known, is an
 * edited one: what follows it was not said here. A summary stands for several, and has nothing in
 * front.
 */
function isEdited(steps: readonly Step[], exchanges: readonly Exchange[], at: number, step: number): boolean {
  if (at === step || hasShared(exchanges[at]?.brought, steps[step]?.brought)) return true
  if (isSame(exchanges[0], steps[0])) return true
  return exchanges.slice(0, at).some((exchange, index) => isSame(exchange, steps[step - at + index]))
}

/** How far both agree from their ends back. `at`, `step`: the last before that; -1: none. */
function followBack(steps: readonly Step[], exchanges: readonly Exchange[]) {
  let at = exchanges.length - 1
  let step = steps.length - 1
  let run = 0
  let sameMessages = 0
  let isDistinct = false
  let isAsked = false
  for (; at >= 0 && step >= 0; step -= 1) {
    const exchange = exchanges[at]
    const here = steps[step]
    if (exchange === undefined || here === undefined) break
    if (isSame(exchange, here)) {
      run += 1
      if (hasShared(exchange.brought, here.brought)) sameMessages += 1
      // What a developer says stands in front of any number of conversations.
      if (hasShared(exchange.brought.filter(isOfUser), here.brought)) isAsked = true
      if (!exchange.isShort) isDistinct = true
      at -= 1
    } else if (!here.isCut || run === 0) break
    // A cut answer: the client has dropped it, or has less of it.
    else if (!isBeforeCut(exchange, steps, step)) at -= 1
  }
  return { run, sameMessages, at, step, isDistinct, isAsked }
}

/** True: it is what was said before `step`, and before other cut answers in front of that. */
function isBeforeCut(exchange: Exchange, steps: readonly Step[], step: number): boolean {
  const whole = steps.slice(0, step).findLastIndex(({ isCut }) => !isCut)
  return steps.slice(Math.max(whole, 0), step).some((before) => isSame(exchange, before))
}

function isOfUser(mark: string): boolean {
  return !mark.startsWith("d")
}

/** `sent`: calls that the client left out, with their outputs, are no steps. */
function stepsOf(turns: readonly TurnTrace[], sent: ReadonlySet<string>): readonly Step[] {
  const steps: Step[] = []
  let brought: string[] = []
  for (const { exchanges, status } of turns) {
    for (const exchange of exchanges ?? []) {
      brought.push(...exchange.brought)
      const { said, isShort } = exchange
      const isCut = hasFailed(status)
      const isLeftOut = isCall(exchange) && !said.some((mark) => sent.has(mark))
      if ((said.length === 0 && !isCut) || isLeftOut) continue
      steps.push({ brought, said, isShort, isCut })
      brought = []
    }
  }
  return steps
}

/** How many exchanges a way through these turns has, for a client that sends `sent`. */
export function exchangeCount(turns: readonly TurnTrace[], sent: ReadonlySet<string>): number {
  return stepsOf(turns, sent).filter(({ said }) => said.length > 0).length
}

/** By what a client's exchanges are known as ours. */
export function saidMarks(exchanges: readonly Exchange[]): ReadonlySet<string> {
  return new Set(exchanges.flatMap(knownBy))
}

/** A call keeps its id; any other may have the same arguments. */
function knownBy(exchange: Pick<Exchange, "said">): readonly string[] {
  return isCall(exchange) ? exchange.said.slice(0, 1) : exchange.said
}

function isSame(sent: Pick<Exchange, "said"> | undefined, ours: Pick<Exchange, "said"> | undefined): boolean {
  return sent !== undefined && hasShared(knownBy(sent), ours?.said)
}

function hasShared(some: readonly string[] | undefined, others: readonly string[] | undefined): boolean {
  return some?.some((mark) => others?.includes(mark)) === true
}

/**
 * The fits that nothing sets apart: the longest run first, up to the latest answer; then the most
 * of the client's messages; then how it begins; then the client's own name of the conversation. A
 * turn on the way to another one of them is left out.
 */
export function bestFits(fits: readonly Fit[]): readonly Fit[] {
  const [best] = fits.toSorted(compared)
  const equal = best === undefined ? [] : fits.filter((fit) => compared(fit, best) === 0)
  const onTheWay = new Set(equal.flatMap(({ turns }) => turns.slice(0, -1).map(({ id }) => id)))
  const ends = equal.filter(({ place }) => !onTheWay.has(place.id))
  return [...new Map(ends.map((fit) => [fit.place.id, fit])).values()]
}

const kinds: readonly FitKind[] = ["whole", "trimmed", "broken"]

function compared(a: Fit, b: Fit): number {
  return (
    b.run - a.run ||
    b.length - a.length ||
    b.sameMessages - a.sameMessages ||
    kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
    Number(b.isOfSession) - Number(a.isOfSession)
  )
}
