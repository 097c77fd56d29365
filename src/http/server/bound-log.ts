import type { Log } from "../../domain/log.ts"

/** At most one line of each bound in this time: a flood must not fill the log as well. */
const pauseMs = 10_000

/** Tells that a bound was met: at once, then at most every ten seconds with how often meanwhile. */
export class BoundLog {
  readonly #log: Log
  readonly #now: () => number
  readonly #told = new Map<string, { at: number; times: number }>()

  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  met(bound: string, fields: Readonly<Record<string, unknown>>): void {
    const last = this.#told.get(bound)
    const times = (last?.times ?? 0) + 1
    if (last !== undefined && this.#now() - last.at < pauseMs) {
      last.times = times
      return
    }
    this.#told.set(bound, { at: this.#now(), times: 0 })
    this.#log("warn", "a bound was met", { bound, times, ...fields })
  }
}
