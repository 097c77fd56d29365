import { broughtMarkOf, exchangesOf, isCall } from "../../domain/exchanges.ts"
import type { Item } from "../../domain/items.ts"
import { hasActed, hasFailed, isFinished } from "../../domain/responses.ts"
import type { TurnTrace } from "../../domain/store.ts"
import type { UnansweredSearch } from "./unanswered.ts"

/** A turn whose client may know of no answer, with those that took outputs of its calls. */
export interface Held {
  /** The last of them. */
  readonly turnId: string
  readonly isFailed: boolean
  /** It failed, or ended with calls that its client has left out. */
  readonly isCut: boolean
  /** It said nothing, and called nothing. */
  readonly isSilent: boolean
  /** What it was asked, without outputs of calls that its client has left out. */
  readonly marks: readonly string[]
  /** The same. */
  readonly items: () => Promise<readonly Item[]>
  readonly output: () => Promise<readonly Item[]>
  readonly hasActed: () => Promise<boolean>
}

/** Null: it was answered, or was asked nothing. */
export async function heldBy(first: TurnTrace, search: UnansweredSearch): Promise<Held | null> {
  const { store } = search
  const turns = await loopFrom(first, search)
  const last = turns.at(-1) ?? first
  const said = (last.exchanges ?? []).filter((exchange) => exchange.said.length > 0)
  const isFailed = hasFailed(last.status)
  const isCut = isFailed || endsWithCalls(last, search)
  const brought = await broughtIn(first, search)
  if (brought.length === 0 || (said.length > 0 && !isCut)) return null
  return {
    turnId: last.id,
    isFailed,
    isCut,
    isSilent: said.length === 0,
    marks: brought.filter((mark) => isKept(mark, search)),
    items: async () => {
      const input = (await store.findTurn(first.id))?.input ?? []
      return input.filter((item) => isKept(broughtMarkOf(item), search))
    },
    output: async () => (await Promise.all(turns.map(({ id }) => store.findOutput(id)))).flat(),
    hasActed: async () => (await Promise.all(turns.map((turn) => haveActed(turn, search)))).includes(true),
  }
}

/** The turn, or the newest behind it that took outputs of calls that were left out. */
async function loopFrom(first: TurnTrace, search: UnansweredSearch): Promise<readonly TurnTrace[]> {
  const turns = [first]
  for (let next: TurnTrace | undefined = first; next !== undefined; ) {
    const after: readonly TurnTrace[] = endsWithCalls(next, search)
      ? await search.store.findTurnsAfter(next.id)
      : []
    next = undefined
    for (const turn of after) {
      const brought = await broughtIn(turn, search)
      if (brought.length === 0 || brought.some((mark) => isKept(mark, search))) continue
      turns.push(turn)
      next = turn
      break
    }
  }
  return turns
}

function endsWithCalls({ exchanges }: TurnTrace, { sent }: UnansweredSearch): boolean {
  const last = exchanges?.findLast(({ said }) => said.length > 0)
  return last !== undefined && isCall(last) && !last.said.some((mark) => sent.has(mark))
}

/** One that still runs may be being stopped. */
async function broughtIn(
  { id, exchanges, status }: TurnTrace,
  { store }: UnansweredSearch,
): Promise<readonly string[]> {
  const held = exchanges ?? (isFinished(status) ? [] : exchangesOf((await store.findTurn(id))?.input ?? []))
  return held.flatMap(({ brought }) => brought)
}

/** False for the output of a call that the client has left out, and for what no client brings. */
function isKept(mark: string | null, { sent }: UnansweredSearch): boolean {
  return mark !== null && (!mark.startsWith("o") || sent.has(mark))
}

/** As the client was told. A turn that was stopped says nothing of what its agent hides. */
async function haveActed({ id, status }: TurnTrace, search: UnansweredSearch): Promise<boolean> {
  const { store, owner, hidesItsWork } = search
  if (hidesItsWork && hasFailed(status)) return true
  const turn = await store.findTurn(id)
  const record = turn === null ? null : await store.findResponse(owner.principal, turn.responseId)
  return record !== null && hasActed(record)
}
