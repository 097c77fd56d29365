/**
 * A queue between a backend, which pushes events while it handles one read of its CLI, and the one
 * reader of a turn. The reader wakes after that read was handled as a whole, so it gets everything
 * of it as one batch; a slow reader gets fewer and larger batches. The length is bounded by the
 * turn's own output, which the reader keeps anyway.
 */
export class EventBatches<T> implements AsyncIterable<readonly T[]> {
  #pending: T[] = []
  #isClosed = false
  #wake: (() => void) | null = null

  /** Ignored after `close`: late events of a CLI belong to nobody. */
  push(event: T): void {
    if (this.#isClosed) return
    this.#pending.push(event)
    this.#wakeReader()
  }

  /** Pushes the last event. */
  close(last: T): void {
    if (this.#isClosed) return
    this.#pending.push(last)
    this.#isClosed = true
    this.#wakeReader()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<readonly T[]> {
    for (;;) {
      if (this.#pending.length > 0) {
        const batch = this.#pending
        this.#pending = []
        yield batch
      } else if (this.#isClosed) {
        return
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }

  #wakeReader(): void {
    this.#wake?.()
    this.#wake = null
  }
}
