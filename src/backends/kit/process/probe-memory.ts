import { realpathSync, statSync } from "node:fs"

interface Remembered {
  readonly stamp: string
  readonly result: Promise<unknown>
  /** Of the clock. */
  until: number
}

/** How long an answer holds that may have been an accident. */
const doubtfulForMs = 60_000

/**
 * What was found out about programs, by absolute path and for as long as the file stays the same
 * (modification time, size, inode). Two who ask at once share one probe. A probe that failed is not
 * kept: the next one may find a repaired program; one whose result is doubtful is kept for a
 * minute.
 */
export class ProbeMemory {
  readonly #entries = new Map<string, Remembered>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  recall<T>(
    question: string,
    file: string,
    ask: () => Promise<T>,
    isDoubtful: (result: T) => boolean = () => false,
  ): Promise<T> {
    const key = `${question} ${file}`
    const stamp = stampOf(file)
    const known = this.#entries.get(key)
    // Only `ask` of the same question fills an entry, so it has the type that it is read with.
    if (known?.stamp === stamp && this.#now() < known.until) return known.result as Promise<T>
    const result = ask()
    const entry: Remembered = { stamp, result, until: Number.POSITIVE_INFINITY }
    this.#entries.set(key, entry)
    result.then(
      (found) => {
        if (isDoubtful(found)) entry.until = this.#now() + doubtfulForMs
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key)
      },
    )
    return result
  }
}

function stampOf(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(realpathSync(file))
    return `${mtimeMs} ${size} ${ino}`
  } catch {
    // Gone: the probe itself will say so.
    return ""
  }
}
