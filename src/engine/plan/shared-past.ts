import type { Exchange } from "../../domain/exchanges.ts"
import type { Item } from "../../domain/items.ts"
import { isDeed } from "../../domain/responses.ts"
import type { Store, TurnTrace } from "../../domain/store.ts"
import { exchangeCount, type Fit } from "./fit.ts"

/** A turn, and how many exchanges of the conversation it holds. */
interface Past {
  readonly turnId: string
  readonly length: number
}

/**
 * The past of a conversation that fits behind all of these turns equally. Where all was asked, said
 * and done in the same way, any will do; else what all share is all that is known of it. `sent`:
 * `saidMarks` of the conversation. Null: they share nothing, or there are none.
 */
export async function sharedPast(
  fits: readonly Fit[],
  sent: ReadonlySet<string>,
  store: Store,
): Promise<Past | null> {
  const [first, ...others] = fits
  if (first === undefined) return null
  if (others.length === 0) return pastOf(first)
  const shared = sharedTurns(fits)
  if (await areAlike(fits, shared, store)) {
    return pastOf(fits.find(({ place }) => place.isHead) ?? first)
  }
  const turnId = first.turns[shared - 1]?.id
  const length = first.length - exchangeCount(first.turns.slice(shared), sent)
  return turnId === undefined || length < 1 ? null : { turnId, length }
}

function pastOf({ place, length }: Fit): Past {
  return { turnId: place.id, length }
}

/** How many turns, from the first one on, are on the way to all of them. */
function sharedTurns(fits: readonly Fit[]): number {
  const [first, ...others] = fits.map(({ turns }) => turns.map(({ id }) => id))
  const end = (first ?? []).findIndex((id, index) => others.some((ids) => ids[index] !== id))
  return end < 0 ? (first ?? []).length : end
}

async function areAlike(fits: readonly Fit[], shared: number, store: Store): Promise<boolean> {
  const ways = fits.map(({ turns }) => turns.slice(shared))
  const [first, ...others] = ways.map((turns) =>
    JSON.stringify(turns.map(({ exchanges }) => exchanges?.map(asSaid))),
  )
  if (others.some((other) => other !== first)) return false
  const [deeds, ...otherDeeds] = await Promise.all(ways.map((turns) => deedsOf(turns, store)))
  return otherDeeds.every((other) => other === deeds)
}

/** Without what else it is known by, which depends on the stop texts of each request. */
function asSaid({ brought, said }: Exchange): unknown {
  return [brought, said[0]]
}

async function deedsOf(turns: readonly TurnTrace[], store: Store): Promise<string> {
  const outputs = await Promise.all(turns.map(({ id }) => store.findOutput(id)))
  return JSON.stringify(outputs.map((output) => output.filter(isDeed).map(nameless)))
}

function nameless({ id: _, ...item }: Item): unknown {
  return item
}
