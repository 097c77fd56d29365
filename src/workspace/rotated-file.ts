import { open, rename, stat } from "node:fs/promises"
import { appendWhole } from "./append-whole.ts"
import { GatheredWrites } from "./gathered-writes.ts"
import { codeOf } from "./write-atomic.ts"

/**
 * Lines at the end of a file that does not grow for ever: when it is full it becomes `FILE.1`, and what was that is gone.
 * Lines are written in their order; one that cannot be written is told to `onError` and given up.
 */
export class RotatedFile {
  readonly #path: string
  readonly #maxBytes: number
  readonly #onError: (error: unknown) => void
  readonly #lines = new GatheredWrites<string>((lines) => this.#write(lines), Buffer.byteLength)
  #size: number | null = null

  constructor(path: string, maxBytes: number, onError: (error: unknown) => void) {
    this.#path = path
    this.#maxBytes = maxBytes
    this.#onError = onError
  }

  /** Bounded: what comes faster than the disk takes it is left out. */
  add(line: string): void {
    this.#lines.add(line)
  }

  /** Resolves when all that was added is written, or given up. */
  async settled(): Promise<void> {
    await this.#lines.settled()
  }

  async #write(lines: readonly string[]): Promise<void> {
    const text = `${lines.join("\n")}\n`
    try {
      this.#size ??= await sizeOf(this.#path)
      if (this.#size > 0 && this.#size + text.length > this.#maxBytes) {
        await rename(this.#path, `${this.#path}.1`)
        this.#size = 0
      }
      await appendTo(this.#path, text)
      this.#size += Buffer.byteLength(text)
    } catch (error) {
      this.#size = null
      this.#onError(error)
    }
  }
}

async function appendTo(path: string, text: string): Promise<void> {
  const file = await open(path, "a", 0o600)
  try {
    await appendWhole(file, text)
  } finally {
    await file.close()
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (codeOf(error) === "ENOENT") return 0
    throw error
  }
}
