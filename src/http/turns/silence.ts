/**
 * Watches for silence on a connection. One timer for the whole of it, set anew only when it fires:
 * a word must not cost a timer.
 */
export class Silence {
  readonly #limitMs: number
  readonly #onSilence: () => void
  #spokenAt = performance.now()
  #timer: NodeJS.Timeout | undefined

  /**
   * `onSilence` is called after `firstMs` of silence, then every `limitMs`; what it says is to be
   * told by `broken`, too.
   */
  constructor(firstMs: number, limitMs: number, onSilence: () => void) {
    this.#limitMs = limitMs
    this.#onSilence = onSilence
    this.#schedule(firstMs)
  }

  /** Something was said just now. */
  broken(): void {
    this.#spokenAt = performance.now()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #schedule(silenceMs: number, delayMs = silenceMs): void {
    this.#timer = setTimeout(() => {
      const dueInMs = silenceMs - (performance.now() - this.#spokenAt)
      // Something was said meanwhile.
      if (dueInMs > 1) this.#schedule(silenceMs, dueInMs)
      else {
        this.#schedule(this.#limitMs)
        this.#onSilence()
      }
    }, delayMs)
  }
}
