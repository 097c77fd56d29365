/** Long enough for what comes with a burst of turns, too short for a reader to notice. */
const gatherMs = 100
/** What comes faster than the disk takes it is left out. */
const maxWaiting = 10_000
const maxWaitingBytes = 4 * 1024 * 1024

/**
 * Hands on what is added in groups: all that comes within a moment is one call of `write`, and the next call waits for the one
 * before. A service that answers hundreds of turns a second would otherwise open, write and close its files for each.
 */
export class GatheredWrites<T> {
  readonly #write: (entries: readonly T[]) => Promise<void>
  readonly #bytesOf: (entry: T) => number
  #waiting: T[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()

  /** `write` never rejects. */
  constructor(write: (entries: readonly T[]) => Promise<void>, bytesOf: (entry: T) => number) {
    this.#write = write
    this.#bytesOf = bytesOf
  }

  add(entry: T): void {
    const waitingBytes = this.#waitingBytes + this.#bytesOf(entry)
    if (this.#waiting.length >= maxWaiting || waitingBytes > maxWaitingBytes) return
    this.#waiting.push(entry)
    this.#waitingBytes = waitingBytes
    this.#timer ??= setTimeout(() => this.#next(), gatherMs)
  }

  /** Resolves when all that was added is written; does not wait for more to come. */
  async settled(): Promise<void> {
    if (this.#timer !== null) this.#next()
    await this.#writing
  }

  #next(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#writing = this.#writing.then(async () => {
      const entries = this.#waiting
      this.#waiting = []
      this.#waitingBytes = 0
      if (entries.length > 0) await this.#write(entries)
    })
  }
}
