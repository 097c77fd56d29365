/** What stands in the way: nothing is left at all, or nothing for this caller. */
export type NoRoom = "all" | "share"

/**
 * A bounded amount of something that callers take from, so that none takes the others' part,
 * however much it asks for: what a caller holds is at most what is left free for the others, or its
 * even part where that is more. Whoever is alone at it has half, whoever comes later finds room,
 * and has its part at the latest when what others have beyond theirs comes back. A service with one
 * caller has nobody to leave room for.
 */
export class SharedRoom {
  readonly limit: number
  readonly #evenPart: number
  readonly #held = new Map<string, number>()
  #used = 0

  /** `callers`: how many there can be; null: nobody knows, so that there is no even part. */
  constructor(limit: number, callers: number | null) {
    this.limit = limit
    this.#evenPart = callers === null ? 0 : Math.floor(limit / Math.max(1, callers))
  }

  get used(): number {
    return this.#used
  }

  heldBy(caller: string): number {
    return this.#held.get(caller) ?? 0
  }

  /** Why this caller cannot have so much more; null: it can. */
  refusal(caller: string, amount = 1): NoRoom | null {
    const free = this.limit - this.#used
    if (amount > free) return "all"
    const wanted = this.heldBy(caller) + amount
    return wanted <= this.#evenPart || wanted <= free ? null : "share"
  }

  /** Whether there is room or not: that is the caller's to ask before. */
  take(caller: string, amount = 1): void {
    this.#used += amount
    this.#held.set(caller, this.heldBy(caller) + amount)
  }

  give(caller: string, amount = 1): void {
    this.#used -= amount
    const rest = this.heldBy(caller) - amount
    if (rest > 0) this.#held.set(caller, rest)
    else this.#held.delete(caller)
  }
}
