import { type Chain, chainsAfter, type Exchange, noChain } from "../../domain/exchanges.ts"
import { textOf } from "../../domain/items.ts"
import type { Owner, Store, TurnPlace, TurnTrace } from "../../domain/store.ts"
import { exchangeValue, type KeyKind, lookupKeys } from "../../domain/turn-marks.ts"
import { bestFits, type Fit, fitOf, saidMarks } from "./fit.ts"
import { sharedPast } from "./shared-past.ts"
import { type Run, splitRuns } from "./split-runs.ts"

/** The turn of ours behind which a conversation goes on. */
interface Past {
  readonly turnId: string
  /** Index of the first item of the conversation that it does not hold. */
  readonly end: number
}

interface PastSearch {
  readonly store: Store
  readonly owner: Owner
  /** As the client sent them: each with something that the agent said. */
  readonly exchanges: readonly Exchange[]
  /** Behind each of these. */
  readonly chains: readonly Chain[]
  /** Of the exchanges: those of several messages. */
  readonly runs: () => readonly Run[]
  readonly sessionKey: string | null
  /** What the client's messages say among these items. */
  readonly messagesBetween: (start: number, end: number) => string
}

/** So many of the newest exchanges are tried as the end of a run that has no beginning. */
const maxEnds = 32

/**
 * Finds the turn whose answer a conversation carries last, in order: from its beginning, or, where
 * a memory has cut off or summed up the front, as a run that ends there. See `fit.ts` for what
 * decides between several. Null: nothing of it is ours.
 *
 * Most conversations come back as they were left, and are found by one look. All others cost a
 * bounded number, however many conversations with the same answers there are.
 */
export async function findPast(search: PastSearch): Promise<Past | null> {
  const lookup = new Lookup(search)
  const whole = search.exchanges.length
  const asLeft = await lookup.places(lookup.key("all", search.chains.at(-1)?.all))
  const [only, ...others] = asLeft
  if (only === undefined) {
    const split = await splitSearch(search, lookup)
    const parts = split === null ? lookup : new Lookup(split)
    return parts.best(await parts.trustedFits())
  }
  if (others.length === 0) return { turnId: only.id, end: search.exchanges.at(-1)?.end ?? 0 }
  return lookup.best(await Promise.all(asLeft.map((place) => lookup.fit(place, whole, true))))
}

async function splitSearch(search: PastSearch, lookup: Lookup): Promise<PastSearch | null> {
  const keysOf = (marks: readonly string[]) =>
    new Map(marks.map((mark) => [mark, lookup.key("last", mark) ?? ""]))
  const split = await splitRuns(search.exchanges, search.runs(), async (marks) => {
    const keys = keysOf(marks)
    const known = await search.store.findKeys([...keys.values()])
    return (mark) => known.has(keys.get(mark) ?? "")
  })
  if (split === null) return null
  return { ...search, exchanges: split, chains: chainsAfter(noChain, split), runs: () => [] }
}

class Lookup {
  readonly #search: PastSearch
  readonly #keyOf: ReturnType<typeof lookupKeys>
  #sent: ReadonlySet<string> | null = null
  readonly #traces = new Map<string, Promise<readonly TurnTrace[]>>()

  constructor(search: PastSearch) {
    this.#search = search
    const { principal, agent } = search.owner
    this.#keyOf = lookupKeys({ principal, agentId: agent.id })
  }

  /** See `saidMarks`; most conversations are found without. */
  get sent(): ReadonlySet<string> {
    this.#sent ??= saidMarks(this.#search.exchanges)
    return this.#sent
  }

  key(kind: KeyKind, value: string | null | undefined): string | null {
    return value === null || value === undefined ? null : this.#keyOf(kind, value)
  }

  async places(key: string | null): Promise<readonly TurnPlace[]> {
    const { store, owner } = this.#search
    return key === null ? [] : store.findTurnsByKey(owner, key)
  }

  fit(place: TurnPlace, length: number, isAsSent: boolean): Promise<Fit | null> {
    const { sent } = this
    const { store, exchanges, sessionKey } = this.#search
    const trace = this.#traces.get(place.id) ?? store.traceTurn(place.id)
    this.#traces.set(place.id, trace)
    return trace.then((turns) => fitOf({ place, turns, exchanges, sent, length, sessionKey, isAsSent }))
  }

  async best(fits: readonly (Fit | null)[]): Promise<Past | null> {
    const { store, exchanges } = this.#search
    const found = fits.filter((fit) => fit !== null)
    const past = await sharedPast(bestFits(found), this.sent, store)
    return past === null ? null : { turnId: past.turnId, end: exchanges[past.length - 1]?.end ?? 0 }
  }

  async trustedFits(): Promise<readonly Fit[]> {
    const { store, exchanges, sessionKey, messagesBetween } = this.#search
    const messagesOf = (index: number) =>
      messagesBetween(exchanges[index - 1]?.end ?? 0, exchanges[index]?.end ?? 0)
    const fits = await this.fits()
    const areTrusted = await Promise.all(fits.map((fit) => isTrusted(fit, { store, sessionKey, messagesOf })))
    return fits.filter((_, index) => areTrusted[index])
  }

  async fits(): Promise<readonly Fit[]> {
    const beginnings = this.#search.chains.map(({ said }) => this.key("said", said))
    const ends = this.#search.exchanges.map((_, index) => this.#endKeys(index + 1))
    const asked = [...beginnings, ...ends.flat()].filter((key) => key !== null)
    const known = await this.#search.store.findKeys(asked)
    const fromBeginning = await this.#fromBeginning(beginnings, known)
    const longest = fromBeginning.reduce((length, { run }) => Math.max(length, run), 0)
    return [...fromBeginning, ...(await this.#runs(ends, known, longest))]
  }

  /** The longest beginning that was left so, whatever the users' messages are now. */
  async #fromBeginning(
    keys: readonly (string | null)[],
    known: ReadonlySet<string>,
  ): Promise<readonly Fit[]> {
    const length = keys.findLastIndex((key) => key !== null && known.has(key)) + 1
    if (length === 0) return []
    const saidSo = await this.places(keys[length - 1] ?? null)
    // There may be any number of them; those that were asked so are found on their own.
    const asked = [
      ...(await this.places(this.key("all", this.#search.chains[length - 1]?.all))),
      ...(await this.places(this.#exchangeKey(length))),
    ]
    const found = new Set(saidSo.map(({ id }) => id))
    const fits = await Promise.all([
      ...saidSo.map((place) => this.fit(place, length, true)),
      ...asked.filter(({ id }) => !found.has(id)).map((place) => this.fit(place, length, false)),
    ])
    return fits.filter((fit) => fit !== null).filter(({ kind }) => kind === "whole")
  }

  /** Runs that end with one of the newest exchanges; none that is shorter than `longest`. */
  async #runs(
    ends: readonly (readonly string[])[],
    known: ReadonlySet<string>,
    longest: number,
  ): Promise<readonly Fit[]> {
    const fits: Fit[] = []
    for (let length = ends.length; length >= Math.max(longest, 1); length -= 1) {
      const keys = ends[length - 1]?.filter((key) => known.has(key)) ?? []
      const places = (await Promise.all(keys.map((key) => this.places(key)))).flat()
      for (const place of new Map(places.map((found) => [found.id, found])).values()) {
        const fit = await this.fit(place, length, false)
        if (fit !== null) fits.push(fit)
      }
      if (fits.some(({ run }) => run >= length)) break
    }
    return fits
  }

  /** Of the turns that may have ended with this exchange; none where it is too old to be tried. */
  #endKeys(length: number): readonly string[] {
    const { exchanges } = this.#search
    const exchange = exchanges[length - 1]
    if (exchange === undefined || length <= exchanges.length - maxEnds) return []
    // Of short answers there may be any number: those to another message are looked at for the
    // newest one only.
    const marks = exchange.isShort && length < exchanges.length ? [] : exchange.said
    return [this.#exchangeKey(length), ...marks.map((mark) => this.key("last", mark))].filter(
      (key) => key !== null,
    )
  }

  #exchangeKey(length: number): string | null {
    const exchange = this.#search.exchanges[length - 1]
    return exchange === undefined ? null : this.key("exchange", exchangeValue(exchange))
  }
}

interface TrustQuestion {
  readonly store: Pick<Store, "findTurn">
  /** The client's own name of the conversation. */
  readonly sessionKey: string | null
  /** What the client's messages say in the exchange with this index. */
  readonly messagesOf: (index: number) => string
}

/** Turns before the answer whose messages are looked at: a tool loop's, or reworded ones. */
const maxTurns = 16

/**
 * True: more than an answer speaks for it. Two chats may well have one answer in common ("Done,
 * pushed to main."), and one must never read the other's: then a message has to be the same, or
 * where only one exchange fits, akin to one of that chat. Where the client calls the two
 * conversations differently, only the same message will do: that is a copy of a chat.
 */
async function isTrusted(fit: Fit, question: TrustQuestion): Promise<boolean> {
  if (fit.isOfSession || fit.isAsked) return true
  const { sessionKey, store, messagesOf } = question
  if (sessionKey !== null && fit.place.sessionKey !== null) return false
  if (fit.run > 1) return true
  const sent = messagesOf(fit.length - 1)
  for (const { id } of fit.turns.slice(-maxTurns).toReversed()) {
    const input = (await store.findTurn(id))?.input ?? []
    const asked = input.flatMap((item) => (item.type === "message" ? [textOf(item.content)] : []))
    if (isAkin(asked.join("\n"), sent)) return true
  }
  return false
}

/** As much of a text as is looked at. */
const maxLength = 20_000
const minShare = 0.6

/**
 * True where one text may well be the other as a client has changed it: a clock in it, a file's
 * text around it. Numbers and punctuation do not count; most of the shorter one's words are in the
 * longer one.
 */
function isAkin(one: string, other: string): boolean {
  const [shorter, longer] = [wordsOf(one), wordsOf(other)].toSorted((a, b) => a.length - b.length)
  if (shorter === undefined || longer === undefined || shorter.length === 0)
    return one.trim() === other.trim()
  const left = new Map<string, number>()
  for (const word of longer) left.set(word, (left.get(word) ?? 0) + 1)
  let shared = 0
  for (const word of shorter) {
    const count = left.get(word) ?? 0
    if (count === 0) continue
    left.set(word, count - 1)
    shared += 1
  }
  return shared >= shorter.length * minShare
}

function wordsOf(text: string): readonly string[] {
  return (
    text
      .slice(0, maxLength)
      .toLowerCase()
      .match(/\p{L}+/gu) ?? []
  )
}
