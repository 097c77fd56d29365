import { lstatSync } from "node:fs"
import { join } from "node:path"
import type { OwnPath } from "../../disk/held-folder.ts"
import { messageOf } from "../../domain/errors.ts"

/** A workspace has one of these files a day, or one for all days. */
const maxEntries = 64

/** What was found: the same object for as long as the file stays the same. */
export interface Found<T> {
  /** Null: there is none, or it cannot be read. */
  readonly content: T | null
  /** Why it cannot; null: it can, or there is none. */
  readonly problem: string | null
}

interface Entry<T> {
  readonly stamp: string
  readonly found: Promise<Found<T>>
}

/**
 * Excerpts of files that are asked for with every new thread, and change now and then: read again only once the file is
 * another one. The question is a synchronous `lstat`, which takes a few microseconds; four trips to the thread pool for
 * opening, asking, reading and closing were a tenth of a short turn.
 */
export class ExcerptCache<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #read: (own: OwnPath) => Promise<T | null>

  /** `read` may reject: that is found, then. */
  constructor(read: (own: OwnPath) => Promise<T | null>) {
    this.#read = read
  }

  /** Never rejects. */
  read(own: OwnPath): Promise<Found<T>> {
    const path = join(own.root, own.path)
    const stamp = stampOf(path)
    if (stamp === null) {
      this.#entries.delete(path)
      return Promise.resolve({ content: null, problem: null })
    }
    const known = this.#entries.get(path)
    if (known?.stamp === stamp) return known.found
    if (this.#entries.size >= maxEntries) this.#entries.clear()
    const found = this.#read(own).then(
      (content) => ({ content, problem: null }),
      (error: unknown) => ({ content: null, problem: messageOf(error) }),
    )
    this.#entries.set(path, { stamp, found })
    return found
  }
}

/** Another one for another content; null: there is nothing to read. */
function stampOf(path: string): string | null {
  try {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    return stats === undefined ? null : `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`
  } catch (error) {
    // Reading finds out what is wrong, and that is told once.
    return `unreadable ${messageOf(error)}`
  }
}
