import { rename } from "node:fs/promises"
import { join } from "node:path"
import { inFolderOf, type OwnPath } from "../../disk/held-folder.ts"
import { openToAppend } from "../../disk/own-file.ts"
import { appendWhole } from "./append-text.ts"
import { GatheredWrites } from "./gathered-writes.ts"

/**
 * Lines at the end of a file that does not grow for ever: when it is full it becomes `FILE.1`, and what was that is gone.
 * Lines are written in their order; one that cannot be written is told to `onError` and given up.
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
