import type { ClockState, Store } from "../../domain/store.ts"

export const dayMs = 86_400_000

/**
 * The clock by which what nobody uses ages. The machine's own may be wrong for a while (an empty
 * battery, a typing error, no network at the start), and what is deleted by a wrong date is gone.
 * So this one follows it, but never goes back, and between two sweeps it goes on by a day at most:
 * a date a hundred days ahead is one day, and so are thirty days in which the service was down. It
 * begins with the machine's time and falls behind it; compare its times with each other only.
 */
export class AgeClock {
  readonly #store: Pick<Store, "saveClock">
  readonly #wall: () => number
  #state: ClockState
  #latest: number

  /** `wall`: the machine's clock, in milliseconds since 1970. */
  static async open(store: Pick<Store, "readClock" | "saveClock">, wall: () => number): Promise<AgeClock> {
    const now = wall()
    const known = await store.readClock()
    return new AgeClock(store, wall, known ?? { age: now, wall: now })
  }

  private constructor(store: Pick<Store, "saveClock">, wall: () => number, state: ClockState) {
    this.#store = store
    this.#wall = wall
    this.#state = state
    this.#latest = state.age
  }

  /** Milliseconds, later ones never smaller. */
  now(): number {
    const { age, wall } = this.#state
    this.#latest = Math.max(this.#latest, age + Math.min(dayMs, Math.max(0, this.#wall() - wall)))
    return this.#latest
  }

  /** Believed until the next sweep: it may be a day later than at the last one. */
  believedWall(): number {
    return Math.min(this.#wall(), this.#state.wall + dayMs)
  }

  /** A sweep is over: the next day may be counted. */
  async swept(): Promise<void> {
    const state = { age: this.now(), wall: this.#wall() }
    await this.#store.saveClock(state)
    this.#state = state
  }
}
