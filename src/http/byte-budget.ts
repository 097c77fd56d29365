import { ProxyError } from "../domain/errors.ts"

/** Bodies below this count for nothing: it is the large ones that fill a machine's memory. */
const freeBytes = 64 * 1024

/**
 * Bounds the bytes of all bodies that are being read, wait or run at the same time. A turn costs several times its body:
 * as text, as items, on its way to the CLI and into the ledger.
 */
export class ByteBudget {
  readonly #limitBytes: number
  #usedBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Bytes of one request, which may grow while they come. */
  open(): ByteShare {
    let own = 0
    return {
      grow: (bytes) => {
        const counted = Math.max(0, bytes - freeBytes)
        if (counted <= own) return
        // Whoever is alone may always go on: the limit of one body bounds it.
        if (this.#usedBytes > own && this.#usedBytes - own + counted > this.#limitBytes) throw tooMuch()
        this.#usedBytes += counted - own
        own = counted
      },
      release: () => {
        this.#usedBytes -= own
        own = 0
      },
    }
  }
}

export interface ByteShare {
  /** The body has (or will have) so many bytes in all. Throws `queue_full`. */
  grow(bytes: number): void
  /** Safe twice. */
  release(): void
}

function tooMuch(): ProxyError {
  return new ProxyError("queue_full", "Too many large requests at once. Try again in a few seconds.", {
    retryAfterSeconds: 5,
  })
}
