import { ProxyError } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import { type NoRoom, SharedRoom } from "../../domain/shared-room.ts"

/** At most one line of each bound in this time: a flood must not fill the log as well. */
const pauseMs = 10_000

/** Tells that a bound was met: at once, then at most every ten seconds with how often meanwhile. */
export class BoundLog {
  readonly #log: Log
  readonly #now: () => number
  readonly #told = new Map<string, { at: number; times: number }>()

  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log
    this.#now = now
  }

  met(bound: string, fields: Readonly<Record<string, unknown>>): void {
    const last = this.#told.get(bound)
    const times = (last?.times ?? 0) + 1
    if (last !== undefined && this.#now() - last.at < pauseMs) {
      last.times = times
      return
    }
    this.#told.set(bound, { at: this.#now(), times: 0 })
    this.#log("warn", "a bound was met", { bound, times, ...fields })
  }
}

/** Bodies below this count for nothing: it is the large ones that fill a machine's memory. */
const freeBytes = 64 * 1024

/**
 * Bounds the bytes of all bodies that are being read, wait or run at the same time, whichever way
 * they came in, and what one caller has of them. A turn costs several times its body: as text, as
 * items, on its way to the CLI and into the ledger.
 */
export class ByteBudget {
  readonly #room: SharedRoom

  /** `callers`: how many there can be. */
  constructor(limitBytes: number, callers: number) {
    this.#room = new SharedRoom(limitBytes, callers)
  }

  /** Bytes of one request, which may grow while they come. */
  open(principal: string): ByteShare {
    const room = this.#room
    let own = 0
    return {
      grow: (bytes) => {
        const counted = Math.max(0, bytes - freeBytes)
        if (counted <= own) return
        const more = counted - own
        // Whoever is alone may always go on: the limit of one body bounds it.
        const refusal = room.used === own ? null : room.refusal(principal, more)
        if (refusal !== null) throw tooMuch(refusal)
        room.take(principal, more)
        own = counted
      },
      release: () => {
        room.give(principal, own)
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

function tooMuch(refusal: NoRoom): ProxyError {
  const what =
    refusal === "all"
      ? "Too many large requests at once"
      : "Your large requests take what is left for those of all others"
  return new ProxyError("queue_full", `${what} (limits.bodies_bytes). Try again in a few seconds.`, {
    retryAfterSeconds: 5,
  })
}
