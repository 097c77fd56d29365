import { type Chain, chainAfter, type Exchange, noChain } from "../domain/exchanges.ts"
import type { Owner, Store, TurnPlace, TurnTrace } from "../domain/store.ts"
import { exchangeValue, type KeyKind, lookupKey } from "../domain/turn-marks.ts"
import { bestFits, type Fit, fitOf } from "./fit.ts"
import { sharedPast } from "./shared-past.ts"

/** The turn of ours behind which a conversation goes on. */
export interface Past {
  readonly turnId: string
  /** How many exchanges of the conversation it holds. */
  readonly length: number
}

export interface PastSearch {
  readonly store: Store
  readonly owner: Owner
  /** As the client sent them: each with something that the agent said. */
  readonly exchanges: readonly Exchange[]
  readonly sessionKey: string | null
}

/** How many of the newest exchanges are tried as the end of a run that does not begin with its conversation. */
const maxEnds = 32

/**
 * Finds the turn whose answer a conversation carries last, in order: from its beginning, or, where a memory has cut off or
 * summed up the front, as a run that ends there. See `fit.ts` for what decides between several. Null: nothing of it is ours.
 *
 * Most conversations come back as they were left, and are found by one look. All others cost a bounded number, however many
 * conversations with the same answers there are.
 */
export async function findPast(search: PastSearch): Promise<Past | null> {
  const lookup = new Lookup(search)
  const whole = search.exchanges.length
  const asLeft = await lookup.places("all", lookup.chains.at(-1)?.all)
  const [only, ...others] = asLeft
  if (only === undefined) return sharedPast(bestFits(await lookup.fits()), search.store)
  if (others.length === 0) return { turnId: only.id, length: whole }
  const fits = await Promise.all(asLeft.map((place) => lookup.fit(place, whole, true)))
  return sharedPast(bestFits(fits.filter((fit) => fit !== null)), search.store)
}

class Lookup {
  /** Behind each exchange. */
  readonly chains: readonly Chain[]
  readonly #search: PastSearch
  readonly #traces = new Map<string, Promise<readonly TurnTrace[]>>()

  constructor(search: PastSearch) {
    this.#search = search
    let chain = noChain
    this.chains = search.exchanges.map((exchange) => {
      chain = chainAfter(chain, [exchange])
      return chain
    })
  }

  async places(kind: KeyKind, value: string | null | undefined): Promise<readonly TurnPlace[]> {
    if (value === null || value === undefined) return []
    const { store, owner } = this.#search
    const scope = { principal: owner.principal, agentId: owner.agent.id }
    return store.findTurnsByKey(owner, lookupKey(scope, kind, value))
  }

  fit(place: TurnPlace, length: number, isAsSent: boolean): Promise<Fit | null> {
    const { store, exchanges, sessionKey } = this.#search
    const trace = this.#traces.get(place.id) ?? store.traceTurn(place.id)
    this.#traces.set(place.id, trace)
    return trace.then((turns) => fitOf({ place, turns, exchanges, length, sessionKey, isAsSent }))
  }

  async fits(): Promise<readonly Fit[]> {
    const fromBeginning = await this.#fromBeginning()
    const longest = fromBeginning.reduce((length, { run }) => Math.max(length, run), 0)
    return [...fromBeginning, ...(await this.#runs(longest))]
  }

  /** The longest beginning of the conversation that was left so, whatever the users' messages are now. */
  async #fromBeginning(): Promise<readonly Fit[]> {
    for (let length = this.chains.length; length > 0; length -= 1) {
      const chain = this.chains[length - 1]
      const saidSo = await this.places("said", chain?.said)
      if (saidSo.length === 0) continue
      // There may be any number of them; those that were asked so are found on their own.
      const asked = [...(await this.places("all", chain?.all)), ...(await this.#exchange(length))]
      const sent = [...saidSo.map((place) => this.fit(place, length, true))]
      const known = new Set(saidSo.map(({ id }) => id))
      const more = asked.filter(({ id }) => !known.has(id)).map((place) => this.fit(place, length, false))
      const fits = (await Promise.all([...sent, ...more])).filter((fit) => fit !== null)
      return fits.filter(({ kind }) => kind === "whole")
    }
    return []
  }

  /** Runs that end with one of the newest exchanges; none that is shorter than `longest`. */
  async #runs(longest: number): Promise<readonly Fit[]> {
    const { exchanges } = this.#search
    const fits: Fit[] = []
    for (
      let length = exchanges.length;
      length > Math.max(longest - 1, exchanges.length - maxEnds, 0);
      length -= 1
    ) {
      for (const place of await this.#ends(length)) {
        const fit = await this.fit(place, length, false)
        if (fit !== null) fits.push(fit)
      }
      if (fits.some(({ run }) => run >= length)) break
    }
    return fits
  }

  async #ends(length: number): Promise<readonly TurnPlace[]> {
    const exchange = this.#search.exchanges[length - 1]
    if (exchange === undefined) return []
    // Of short answers there may be any number: those to another message are looked at for the newest one only.
    const marks = exchange.isShort && length < this.#search.exchanges.length ? [] : exchange.said
    const found = [...(await this.#exchange(length))]
    for (const mark of marks) found.push(...(await this.places("last", mark)))
    return [...new Map(found.map((place) => [place.id, place])).values()]
  }

  async #exchange(length: number): Promise<readonly TurnPlace[]> {
    const exchange = this.#search.exchanges[length - 1]
    return exchange === undefined ? [] : this.places("exchange", exchangeValue(exchange))
  }
}
