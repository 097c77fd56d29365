const lineFeed = 0x0a

/**
 * Splits a byte stream into lines. A character may be cut in two by a read, so bytes are joined before they are decoded.
 * A line longer than `maxLineBytes` is left out and reported: one absurd message must not cost the process its memory.
 */
export class JsonLines {
  readonly #maxLineBytes: number
  readonly #onOverlong: (bytes: number) => void
  #parts: Buffer[] = []
  #length = 0

  constructor(maxLineBytes: number, onOverlong: (bytes: number) => void) {
    this.#maxLineBytes = maxLineBytes
    this.#onOverlong = onOverlong
  }

  /** The lines that `chunk` finishes, without line ends and without empty ones. */
  push(chunk: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      const line = this.#finish(chunk.subarray(start, end))
      if (line !== null && line.trim() !== "") lines.push(line)
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
    return lines
  }

  #finish(rest: Buffer): string | null {
    const bytes = this.#length + rest.length
    const parts = this.#parts
    this.#parts = []
    this.#length = 0
    if (bytes > this.#maxLineBytes) {
      this.#onOverlong(bytes)
      return null
    }
    return parts.length === 0 ? rest.toString("utf8") : Buffer.concat([...parts, rest]).toString("utf8")
  }

  #keep(part: Buffer): void {
    this.#length += part.length
    // Beyond the bound only the length is kept: the line will be left out.
    if (this.#length > this.#maxLineBytes) this.#parts = []
    else this.#parts.push(part)
  }
}
