/** So many appended pieces are joined in one go. */
const tailPieces = 64

/**
 * A text that grows by small pieces. `+=` would keep each piece and a node beside it for as long as nobody reads the whole:
 * ten times the memory of the text, until the old generation is collected.
 */
export class GrowingText {
  #joined: string[] = []
  #tail: string[] = []
  #length = 0

  constructor(text = "") {
    if (text !== "") this.append(text)
  }

  get length(): number {
    return this.#length
  }

  append(text: string): void {
    this.#length += text.length
    this.#tail.push(text)
    if (this.#tail.length < tailPieces) return
    this.#joined.push(this.#tail.join(""))
    this.#tail = []
  }

  toString(): string {
    if (this.#tail.length > 0 || this.#joined.length > 1) {
      this.#joined = [[...this.#joined, ...this.#tail].join("")]
      this.#tail = []
    }
    return this.#joined[0] ?? ""
  }
}
