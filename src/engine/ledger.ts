import type { Store, TurnProgress } from "../domain/store.ts"

/** The part of the store that a running turn writes to. */
export type Ledger = Pick<Store, "saveProgress" | "setNativeThread">

/** For turns that are to leave nothing behind (`store: false`). */
export const noLedger: Ledger = {
  saveProgress: async () => {},
  setNativeThread: async () => {},
}

/**
 * Writes one after the other, so that progress is stored in the order in which it was made, without the turn waiting
 * for it. `settled` waits for all and rejects with the first failure.
 */
export class LedgerWriter {
  readonly #ledger: Ledger
  #last: Promise<void> = Promise.resolve()
  #failure: unknown = null

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  save(progress: TurnProgress): void {
    this.#last = this.#last.then(async () => {
      if (this.#failure !== null) return
      try {
        await this.#ledger.saveProgress(progress)
      } catch (error) {
        this.#failure = error
      }
    })
  }

  async settled(): Promise<void> {
    await this.#last
    if (this.#failure !== null) throw this.#failure
  }
}
