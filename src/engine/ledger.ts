import type { Store, TurnProgress } from "../domain/store.ts"

/** The part of the store that a running turn writes to. */
export type Ledger = Pick<Store, "saveProgress">

/** For turns that are to leave nothing behind (`store: false`). */
export const noLedger: Ledger = {
  saveProgress: async () => {},
}

/** What a kill of the service may cost of a turn that goes on. A short turn is stored in one go at its end. */
const delayMs = 20

/**
 * Stores the progress of one turn without the turn waiting for it: what comes within a few milliseconds in one
 * transaction, one after the other, in the order in which it was made.
 */
export class LedgerWriter {
  readonly #ledger: Ledger
  #pending: TurnProgress | null = null
  #timer: NodeJS.Timeout | null = null
  #last: Promise<void> = Promise.resolve()
  #failure: unknown = null

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  save(progress: TurnProgress): void {
    this.#pending = this.#pending === null ? progress : merged(this.#pending, progress)
    this.#timer ??= setTimeout(() => this.#write(), delayMs)
  }

  /** Resolves when all is stored; rejects with the first failure, after which nothing more is. */
  async settled(): Promise<void> {
    this.#write()
    await this.#last
    if (this.#failure !== null) throw this.#failure
  }

  #write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const progress = this.#pending
    this.#pending = null
    if (progress === null) return
    this.#last = this.#last.then(async () => {
      if (this.#failure !== null) return
      try {
        await this.#ledger.saveProgress(progress)
      } catch (error) {
        this.#failure = error
      }
    })
  }
}

/** What is added adds up, what changes is as it was told last. */
function merged(first: TurnProgress, second: TurnProgress): TurnProgress {
  return {
    ...first,
    ...second,
    items: [...(first.items ?? []), ...(second.items ?? [])],
    nativeItems: [...(first.nativeItems ?? []), ...(second.nativeItems ?? [])],
    log: [...(first.log ?? []), ...(second.log ?? [])],
  }
}
