import type { Log } from "../../../domain/log.ts"
import { printedText } from "../../../domain/printed-text.ts"

/** Characters of what a program says beside its protocol that people are shown. */
export const maxPrintedLength = 600
/** So many lines of one process are logged; a program that prints without end would fill the log. */
const maxLogged = 10
const maxLoggedLength = 200

/** What a program prints between the lines of its protocol: passed over, but not in silence. */
export class StrayLines {
  readonly #program: string
  readonly #log: Log
  #count = 0
  #text = ""

  constructor(program: string, log: Log) {
    this.#program = program
    this.#log = log
  }

  get count(): number {
    return this.#count
  }

  /** Their beginning, for people: an update notice, perhaps. */
  get text(): string {
    return this.#text
  }

  take(line: string): void {
    this.#count += 1
    if (this.#count > maxLogged && this.#text.length >= maxPrintedLength) return
    // No more of it than can be kept is looked at: it may be megabytes.
    const words = printedText(line.slice(0, 4 * maxPrintedLength)).trim()
    if (words === "") return
    if (this.#text.length < maxPrintedLength)
      this.#text = `${this.#text}${words}\n`.slice(0, maxPrintedLength)
    if (this.#count > maxLogged) return
    this.#log("info", `${this.#program} printed a line that is not of its protocol; it is passed over`, {
      line: words.slice(0, maxLoggedLength),
      ...(this.#count === maxLogged && { more: "of this process are not logged" }),
    })
  }

  /** What came was the beginning of something else than its end. */
  forget(): void {
    this.#text = ""
  }
}
