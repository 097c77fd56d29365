import { rename } from "node:fs/promises"
import { join } from "node:path"
import { inFolderOf, type OwnPath } from "../../disk/held-folder.ts"
import { openToAppend } from "../../disk/own-file.ts"
import { appendWhole } from "./text-file.ts"

/** Long enough for what comes with a burst of turns, too short for a reader to notice. */
const gatherMs = 100
/** What comes faster than the disk takes it is left out. */
const maxWaiting = 10_000
const maxWaitingBytes = 4 * 1024 * 1024

/**
 * Hands on what is added in groups: all that comes within a moment is one call of `write`, and the
 * next call waits for the one before. A service that answers hundreds of turns a second would
 * otherwise open, write and close its files for each.
 */
export class GatheredWrites<T> {
  readonly #write: (entries: readonly T[]) => Promise<void>
  readonly #bytesOf: (entry: T) => number
  #waiting: T[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()

  /** `write` never rejects. */
  constructor(write: (entries: readonly T[]) => Promise<void>, bytesOf: (entry: T) => number) {
    this.#write = write
    this.#bytesOf = bytesOf
  }

  add(entry: T): void {
    const waitingBytes = this.#waitingBytes + this.#bytesOf(entry)
    if (this.#waiting.length >= maxWaiting || waitingBytes > maxWaitingBytes) return
    this.#waiting.push(entry)
    this.#waitingBytes = waitingBytes
    this.#timer ??= setTimeout(() => this.#next(), gatherMs)
  }

  /** Resolves when all that was added is written; does not wait for more to come. */
  async settled(): Promise<void> {
    if (this.#timer !== null) this.#next()
    await this.#writing
  }

  #next(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#writing = this.#writing.then(async () => {
      const entries = this.#waiting
      this.#waiting = []
      this.#waitingBytes = 0
      if (entries.length > 0) await this.#write(entries)
    })
  }
}

/**
 * Lines at the end of a file that does not grow for ever: when it is full it becomes `FILE.1`, and
 * what was that is gone. Lines are written in their order; one that cannot be written is told to
 * `onError` and given up.
 */
export class RotatedFile {
  readonly #own: OwnPath
  readonly #maxBytes: number
  readonly #onError: (error: unknown) => void
  readonly #lines = new GatheredWrites<string>((lines) => this.#write(lines), Buffer.byteLength)

  constructor(own: OwnPath, maxBytes: number, onError: (error: unknown) => void) {
    this.#own = own
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
    const bytes = Buffer.from(`${lines.join("\n")}\n`)
    try {
      await inFolderOf(this.#own, true, async (folder, name) => {
        let file = await openToAppend(folder, name)
        try {
          const { size } = await file.stat()
          if (size > 0 && size + bytes.length > this.#maxBytes) {
            await file.close()
            await rename(join(folder.path, name), join(folder.path, `${name}.1`))
            file = await openToAppend(folder, name)
          }
          await appendWhole(file, bytes)
        } finally {
          await file.close()
        }
      })
    } catch (error) {
      this.#onError(error)
    }
  }
}
