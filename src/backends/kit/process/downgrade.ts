import type { Limitation } from "../../../domain/backend.ts"

const firstPauseMs = 60_000
const longestPauseMs = 60 * 60_000

/** That a codex is driven by exec although it has an app-server, or should have: for now, and not for good. */
export class Downgrade {
  readonly #now: () => number
  #detail: string
  #pauseMs = firstPauseMs
  #notBefore: number

  /** `detail` is what its app-server said; `now`: milliseconds, of a clock that nobody sets. */
  constructor(detail: string, now: () => number = () => performance.now()) {
    this.#now = now
    this.#detail = detail
    this.#notBefore = now() + this.#pauseMs
  }

  get limitation(): Limitation {
    return {
      reason:
        "its app-server does not answer, so each turn starts `codex exec` anew: slower, and without streaming",
      nextStep: "Run `codex app-server` in a terminal as this user to see why. It is tried again by itself.",
      detail: this.#detail,
    }
  }

  get isDue(): boolean {
    return this.#now() >= this.#notBefore
  }

  /** Once more in vain: the pause grows from a minute to an hour. Returns it. */
  again(detail: string): number {
    this.#detail = detail
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs)
    this.#notBefore = this.#now() + this.#pauseMs
    return this.#pauseMs
  }
}
