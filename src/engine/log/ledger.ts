import type { Store, TurnProgress } from "../../domain/store.ts"

/** The part of the store that a running turn writes to. */
export type Ledger = Pick<Store, "saveProgress">

/** For turns that are to leave nothing behind (`store: false`). */
export const noLedger: Ledger = {
  saveProgress: async () => {},
}

/** How long what nobody waits for may wait for more. A short turn is stored once, at its end. */
const delayMs = 20

/**
 * Stores the progress of one turn without the turn waiting for it: what comes within a few
 * milliseconds in one transaction, one after the other, in the order in which it was made.
 */
export class LedgerWriter {
  readonly #ledger: Ledger
  readonly #onFailed: () => void
  #pending: TurnProgress | null = null
  #whenStored: (() => void)[] = []
  #timer: NodeJS.Timeout | null = null
  #isDue = false
  #last: Promise<void> = Promise.resolve()
  #failure: unknown = null

  /** `onFailed` is called once, at the first failure: nothing more of the turn can be stored. */
  constructor(ledger: Ledger, onFailed: () => void) {
    this.#ledger = ledger
    this.#onFailed = onFailed
  }

  /** `whenStored` is called once it is, and never when it could not be. */
  save(progress: TurnProgress, whenStored?: () => void): void {
    this.#pending = this.#pending === null ? progress : merged(this.#pending, progress)
    if (whenStored !== undefined) this.#whenStored.push(whenStored)
    this.#timer ??= setTimeout(() => this.#write(), delayMs)
  }

  /** Somebody waits: stored with all that this round of the event loop still brings. */
  writeSoon(): void {
    if (this.#isDue || this.#pending === null) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.#write()
    })
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
    if (progress === null) return
    this.#pending = null
    const whenStored = this.#whenStored
    this.#whenStored = []
    this.#last = this.#last.then(async () => {
      if (this.#failure !== null) return
      try {
        await this.#ledger.saveProgress(progress)
      } catch (error) {
        this.#failure = error
        this.#onFailed()
        return
      }
      for (const tell of whenStored) tell()
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
