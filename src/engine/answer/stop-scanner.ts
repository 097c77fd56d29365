/**
 * Finds the first of some stop texts in a text that comes in pieces. What it releases never holds a
 * part of a stop text: an end that may be the beginning of one is held back until more text, or the
 * end, decides. The outcome depends on the whole text only, not on how it was cut into pieces.
 */
export class StopScanner {
  readonly #stops: readonly string[]
  #pending = ""
  /** How much of the beginning of `#pending` is there to be matched, not to be released. */
  #unseen = 0
  #isFound = false

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "")
  }

  /** True: a stop text was found, and everything before it is released. */
  get isFound(): boolean {
    return this.#isFound
  }

  /** The reader sees it, nobody sends it: the blank line between two messages of an answer. */
  passOver(text: string): void {
    this.#pending = text
    this.#unseen = text.length
  }

  /** Returns what can be shown now. */
  push(text: string): string {
    if (this.#isFound || text === "") return ""
    if (this.#stops.length === 0) return text
    this.#pending += text
    return this.#release(this.#firstBeginning())
  }

  /** No more text comes: what was held back is no stop text. */
  end(): string {
    const hasText = this.#pending.length > this.#unseen
    return this.#isFound || !hasText ? "" : this.#release(this.#pending.length)
  }

  /** Releases up to the first stop text, or up to `beginning` where one may have begun earlier. */
  #release(beginning: number): string {
    const found = this.#firstStop()
    this.#isFound = found !== null && found <= beginning
    const end = this.#isFound ? (found ?? 0) : beginning
    const released = this.#pending.slice(Math.min(this.#unseen, end), end)
    this.#unseen = Math.max(0, this.#unseen - end)
    this.#pending = this.#pending.slice(end)
    return released
  }

  #firstStop(): number | null {
    const places = this.#stops.map((stop) => this.#pending.indexOf(stop)).filter((place) => place >= 0)
    return places.length === 0 ? null : Math.min(...places)
  }

  /** Where the end of the text may be the beginning of a stop text; the length when nowhere. */
  #firstBeginning(): number {
    const text = this.#pending
    let first = text.length
    for (const stop of this.#stops) {
      for (let place = Math.max(0, text.length - stop.length + 1); place < first; place += 1) {
        if (stop.startsWith(text.slice(place))) first = place
      }
    }
    return first
  }
}
