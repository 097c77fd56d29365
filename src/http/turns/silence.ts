/** Watches for silence, with one timer that is set anew when it fires: a word costs none. */
export class Silence {
  readonly #limitMs: number
  readonly #onSilence: () => void
  #spokenAt = performance.now()
  #timer: NodeJS.Timeout | undefined

  /** Called after `firstMs` of silence, then every `limitMs`; `broken` tells of its word, too. */
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
