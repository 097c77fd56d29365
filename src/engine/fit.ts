import type { Exchange } from "../domain/exchanges.ts"
import { hasFailed } from "../domain/responses.ts"
import type { TurnPlace, TurnTrace } from "../domain/store.ts"

/**
 * `whole`: the conversation so far is all that the agent knows; `trimmed`: the agent knows more before it; `broken`: what comes
 * before the run is something else (a memory has summed it up, or put something in front).
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
  readonly isOfSession: boolean
}

/** One exchange on the way to a turn. */
interface Step extends Omit<Exchange, "end"> {
  /** Clients drop what was said in a turn that failed or was stopped, or have less of it. */
  readonly isCut: boolean
}

interface FitQuestion {
  readonly place: TurnPlace
  readonly turns: readonly TurnTrace[]
  readonly exchanges: readonly Exchange[]
  /** The turn's answer was found as that of the exchange before this one. */
  readonly length: number
  readonly sessionKey: string | null
  /** True: a client has left exactly these exchanges there, whatever the ledger's own way to the turn is. */
  readonly isAsSent: boolean
}

/** Null: it does not fit. */
export function fitOf({ place, turns, exchanges, length, sessionKey, isAsSent }: FitQuestion): Fit | null {
  const steps = stepsOf(turns)
  const { run, sameMessages, at, step, isDistinct } = followBack(steps, exchanges.slice(0, length))
  const isOfSession = sessionKey !== null && place.sessionKey === sessionKey
  const fit = { place, turns, length, sameMessages, isOfSession }
  if (isAsSent) return { ...fit, kind: "whole", run: length }
  if (run === 0) return null
  if (at < 0 && step < 0) return { ...fit, kind: "whole", run }
  // A word or two may have been said in any conversation.
  const isConvincing = isDistinct || isOfSession || run + 2 * sameMessages >= 3
  if (!isConvincing) return null
  if (at < 0) return { ...fit, kind: "trimmed", run }
  return isEdited(steps, exchanges, at, step) ? null : { ...fit, kind: "broken", run }
}

/**
 * Another answer to the same message, in the same place, or behind the same beginning, is an edited one: what follows it was not
 * said here. A summary stands for several.
 */
function isEdited(steps: readonly Step[], exchanges: readonly Exchange[], at: number, step: number): boolean {
  return (
    at === step ||
    hasShared(exchanges[at]?.brought, steps[step]?.brought) ||
    hasShared(exchanges[0]?.said, steps[0]?.said)
  )
}

/** How far both are the same from their ends back. `at`, `step`: the last ones before that; -1: there are none. */
function followBack(steps: readonly Step[], exchanges: readonly Exchange[]) {
  let at = exchanges.length - 1
  let step = steps.length - 1
  let run = 0
  let sameMessages = 0
  let isDistinct = false
  for (; at >= 0 && step >= 0; step -= 1) {
    const exchange = exchanges[at]
    const here = steps[step]
    if (exchange === undefined || here === undefined) break
    if (hasShared(exchange.said, here.said)) {
      run += 1
      if (hasShared(exchange.brought, here.brought)) sameMessages += 1
      if (!exchange.isShort) isDistinct = true
      at -= 1
    } else if (!here.isCut || run === 0) break
    // A cut answer: the client has dropped it, or has less of it.
    else if (!hasShared(exchange.said, steps[step - 1]?.said)) at -= 1
  }
  return { run, sameMessages, at, step, isDistinct }
}

function stepsOf(turns: readonly TurnTrace[]): readonly Step[] {
  const steps: Step[] = []
  let brought: string[] = []
  for (const { exchanges, status } of turns) {
    for (const exchange of exchanges ?? []) {
      brought.push(...exchange.brought)
      if (exchange.said.length === 0) continue
      steps.push({ brought, said: exchange.said, isShort: exchange.isShort, isCut: hasFailed(status) })
      brought = []
    }
  }
  return steps
}

/** How many exchanges a way through these turns has. */
export function exchangeCount(turns: readonly TurnTrace[]): number {
  return stepsOf(turns).length
}

function hasShared(some: readonly string[] | undefined, others: readonly string[] | undefined): boolean {
  return some?.some((mark) => others?.includes(mark)) === true
}

/**
 * The fits that nothing sets apart: the longest run first, up to the latest answer; then the most of the client's messages; then
 * how it begins; then the client's own name of the conversation. A turn on the way to another one of them is left out.
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
