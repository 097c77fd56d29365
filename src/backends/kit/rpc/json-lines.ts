import { StringDecoder } from "node:string_decoder"

const lineFeed = 0x0a

/**
 * Splits a byte stream into lines. A character may be cut in two by a read, so what a read leaves
 * of it waits for the next. A line longer than `maxLineBytes` is left out and reported: one absurd
 * message must not cost the process its memory.
 */
export class JsonLines {
  readonly #maxLineBytes: number
  readonly #onOverlong: (bytes: number) => void
  /** A line whose end has not come, decoded as it comes: so no bytes of it are kept. */
  #parts: string[] = []
  #decoder = new StringDecoder("utf8")
  #length = 0

  constructor(maxLineBytes: number, onOverlong: (bytes: number) => void) {
    this.#maxLineBytes = maxLineBytes
    this.#onOverlong = onOverlong
  }

  /**
   * The lines that `chunk` finishes, without line ends and without empty ones; each is made when it
   * is asked for, so that the lines of one read do not all live at once. To be read to its end
   * before the next call.
   */
  *push(chunk: Buffer): Generator<string> {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      const line = this.#finish(chunk.subarray(start, end))
      if (line !== null && line.trim() !== "") yield line
      start = end + 1
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
  }

  #finish(rest: Buffer): string | null {
    const bytes = this.#length + rest.length
    if (this.#length === 0) return bytes > this.#maxLineBytes ? this.#overlong(bytes) : rest.toString("utf8")
    const parts = this.#parts
    parts.push(this.#decoder.end(rest))
    this.#parts = []
    this.#length = 0
    return bytes > this.#maxLineBytes ? this.#overlong(bytes) : parts.join("")
  }

  #keep(part: Buffer): void {
    this.#length += part.length
    // Beyond the bound only the length is kept: the line will be left out.
    if (this.#length > this.#maxLineBytes) this.#parts = []
    else this.#parts.push(this.#decoder.write(part))
  }

  #overlong(bytes: number): null {
    this.#onOverlong(bytes)
    return null
  }
}
