import { statSync } from "node:fs"

/** A workspace has one of these files a day, or one for all days. */
const maxEntries = 64

interface Entry<T> {
  readonly stamp: string
  readonly excerpt: Promise<T | null>
}

/**
 * Excerpts of files that are asked for with every new thread, and change now and then: read again only once the file is
 * another one. The question is a synchronous `stat`, which takes a few microseconds; four trips to the thread pool for
 * opening, asking, reading and closing were a tenth of a short turn.
 */
export class ExcerptCache<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #read: (path: string) => Promise<T | null>

  /** `read` never rejects. */
  constructor(read: (path: string) => Promise<T | null>) {
    this.#read = read
  }

  read(path: string): Promise<T | null> {
    const stamp = stampOf(path)
    if (stamp === null) {
      this.#entries.delete(path)
      return Promise.resolve(null)
    }
    const known = this.#entries.get(path)
    if (known?.stamp === stamp) return known.excerpt
    if (this.#entries.size >= maxEntries) this.#entries.clear()
    const excerpt = this.#read(path)
    this.#entries.set(path, { stamp, excerpt })
    return excerpt
  }
}

/** Another one for another content; null: there is nothing to read. */
function stampOf(path: string): string | null {
  try {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
    return stats === undefined ? null : `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`
  } catch {
    // Whatever is wrong with it: reading finds out too, and leaves it out.
    return null
  }
}
