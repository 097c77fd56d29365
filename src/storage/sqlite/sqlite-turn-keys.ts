import type { LoopEnd, TurnMarks } from "../../domain/exchanges.ts"
import type { Owner, TurnPlace } from "../../domain/store.ts"
import type { LedgerDatabase } from "./ledger-database.ts"
import { turnPlaceOf } from "./records.ts"
import { type Columns, Row } from "./row.ts"

/** How many turns of one key are told; the newest. */
const maxTurns = 20

/** How many turns' keys are put in their places at once. */
const batchSize = 128

/** Keys of conversations whose first turn was stopped or failed, which are kept in memory. */
const maxBeginnings = 10_000

/**
 * What turns are found by, see `domain/turn-marks.ts`. A key belongs on a page of its own, anywhere
 * in the index; changing one for each cost a turn as much as all else that it stores. So the keys
 * of the turns that ended last are stored as they came, one row a turn, and kept in memory as well;
 * some turns' keys are put in their places together.
 */
export class SqliteTurnKeys {
  readonly #ledger: LedgerDatabase
  /** The keys that are not in their places yet, by turn. */
  readonly #recentTurns = new Map<string, readonly string[]>()
  /** The turns, by key. */
  readonly #recent = new Map<string, Set<string>>()
  #isPlacing = false
  /**
   * All keys of the kind `begin`, with how many turns have each: every new conversation is looked
   * for among them, and most are not there. Null: too many.
   */
  #beginnings: Map<string, number> | null
  /** First turns whose calls were answered by calls, by the last of those turns. */
  readonly #openLoops = new Map<string, string>()

  constructor(ledger: LedgerDatabase) {
    this.#ledger = ledger
    const beginnings = ledger.all("findBeginKeys", maxBeginnings + 1).map(beginningOf)
    this.#beginnings = beginnings.length > maxBeginnings ? null : new Map(beginnings)
    for (const { turnId, keys } of this.#stored()) this.#remember(turnId, keys)
    // An earlier run could not.
    if (this.#recentTurns.size >= batchSize) this.#place()
  }

  /** To be called within the transaction that stores the turn's end. */
  save(turnId: string, { keys, loop }: Pick<TurnMarks, "keys" | "loop">): void {
    if (loop !== null) this.#goOn(turnId, loop)
    if (keys.length === 0) return
    this.#ledger.run("saveRecentKeys", turnId, keys.join("\n"))
    this.#remember(turnId, keys)
    if (this.#recentTurns.size >= batchSize) this.#place()
  }

  /** The newest first; at most 20. */
  async find({ principal, agent }: Owner, key: string): Promise<readonly TurnPlace[]> {
    if (isBeginning(key) && this.#beginnings?.has(key) === false) return []
    const owner = [principal, agent.id, agent.identity]
    return this.#ledger.enqueueReading(() => {
      const placed = this.#ledger.all("findTurnsByKey", key, ...owner).map(turnPlaceOf)
      const recent = this.#recent.get(key)
      if (recent === undefined) return placed
      const others = this.#ledger
        .all("findTurnPlaces", JSON.stringify([...recent]), ...owner)
        .map(turnPlaceOf)
      const places = new Map([...placed, ...others].map((place) => [place.id, place]))
      return [...places.values()].sort((one, other) => (one.id < other.id ? 1 : -1)).slice(0, maxTurns)
    })
  }

  /** Those of `keys` that some turn has. */
  async known(keys: readonly string[]): Promise<ReadonlySet<string>> {
    if (keys.length === 0) return new Set()
    return this.#ledger.enqueueReading(() => {
      const placed = this.#ledger.all("findKeys", JSON.stringify(keys))
      const recent = keys.filter((key) => this.#recent.has(key))
      return new Set([...recent, ...placed.map(keyOf)])
    })
  }

  /**
   * A conversation that began with calls is not looked for by its beginning once they are answered.
   * Only of a turn whose keys are not in their places yet: it spares the next conversation that
   * begins alike a look, and is worth no more than that.
   */
  #goOn(turnId: string, { before, isOver }: LoopEnd): void {
    const firstId = this.#openLoops.get(before) ?? before
    this.#openLoops.delete(before)
    const keys = this.#recentTurns.get(firstId)
    if (keys?.some(isBeginning) !== true) return
    if (!isOver) {
      this.#openLoops.set(turnId, firstId)
      return
    }
    const left = keys.filter((key) => !isBeginning(key))
    this.#forget([[firstId, keys]])
    for (const key of keys.filter(isBeginning)) this.#count(key, -1)
    this.#ledger.run("saveRecentKeys", firstId, left.join("\n"))
    this.#remember(firstId, left)
  }

  #count(key: string, change: 1 | -1): void {
    if (this.#beginnings === null) return
    const count = (this.#beginnings.get(key) ?? 0) + change
    if (count > 0) this.#beginnings.set(key, count)
    else this.#beginnings.delete(key)
    if (this.#beginnings.size > maxBeginnings) this.#beginnings = null
  }

  #remember(turnId: string, keys: readonly string[]): void {
    this.#recentTurns.set(turnId, keys)
    for (const key of keys) {
      if (isBeginning(key)) this.#count(key, 1)
      const turns = this.#recent.get(key)
      if (turns === undefined) this.#recent.set(key, new Set([turnId]))
      else turns.add(turnId)
    }
  }

  /** They are forgotten once that is stored; where it fails, the next turn tries it again. */
  #place(): void {
    if (this.#isPlacing) return
    this.#isPlacing = true
    const placing = this.#ledger.enqueue(() => {
      this.#ledger.run("placeRecentKeys")
      this.#ledger.run("deleteRecentKeys")
      return [...this.#recentTurns]
    })
    placing
      .then(
        (turns) => this.#forget(turns),
        () => {},
      )
      .finally(() => {
        this.#isPlacing = false
      })
  }

  #forget(turns: readonly (readonly [turnId: string, keys: readonly string[]])[]): void {
    for (const [turnId, keys] of turns) {
      this.#recentTurns.delete(turnId)
      this.#openLoops.delete(turnId)
      for (const key of keys) {
        const others = this.#recent.get(key)
        others?.delete(turnId)
        if (others?.size === 0) this.#recent.delete(key)
      }
    }
  }

  #stored(): readonly { readonly turnId: string; readonly keys: readonly string[] }[] {
    return this.#ledger.all("findRecentKeys").map((columns) => {
      const row = new Row(columns, "recent keys of a turn")
      return { turnId: row.text("turn_id"), keys: row.text("keys").split("\n") }
    })
  }
}

function keyOf(columns: Columns): string {
  return new Row(columns, "a key of a turn").text("key")
}

function beginningOf(columns: Columns): [key: string, count: number] {
  const row = new Row(columns, "a key of a conversation's beginning")
  return [row.text("key"), row.integer("count")]
}

function isBeginning(key: string): boolean {
  return key.startsWith("b")
}
