const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
const everyMs = 150
/** Where nothing can be drawn over. */
const plainEveryMs = 30_000

/**
 * Says that a turn is under way as long as nothing else is shown: a line that is drawn over, or, where the terminal shall not move, a
 * whole line every half minute.
 */
export class WaitingSign {
  readonly #write: (text: string) => void
  readonly #isDrawn: boolean
  readonly #who: string
  #timer: NodeJS.Timeout | null = null
  #since = 0
  #frame = 0
  #isShown = false

  constructor(options: {
    readonly who: string
    readonly isDrawn: boolean
    readonly write: (text: string) => void
  }) {
    this.#who = options.who
    this.#isDrawn = options.isDrawn
    this.#write = options.write
  }

  /** From now on, until `clear`. Time is told from the first of them. */
  show(): void {
    if (this.#timer !== null) return
    if (this.#since === 0) this.#since = performance.now()
    this.#timer = setInterval(() => this.#draw(), this.#isDrawn ? everyMs : plainEveryMs)
    if (this.#isDrawn) this.#draw()
  }

  /** Before anything else is written. Safe twice. */
  clear(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    if (this.#isShown) this.#write("\r\x1b[2K")
    this.#isShown = false
  }

  #draw(): void {
    const seconds = Math.round((performance.now() - this.#since) / 1000)
    const words = `${this.#who} works, ${seconds} s (Ctrl-C interrupts)`
    if (!this.#isDrawn) {
      this.#write(`${words}\n`)
      return
    }
    this.#frame += 1
    this.#isShown = true
    this.#write(`\r\x1b[2K\x1b[2m${frames[this.#frame % frames.length]} ${words}\x1b[0m`)
  }
}
