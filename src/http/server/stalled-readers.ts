import { createHash } from "node:crypto"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { BoundLog } from "./bounds.ts"

/** A reader that does not take what is written to it. */
export interface StalledReader {
  /** What is kept for it alone or with others: counted once, however many read it. */
  readonly source: object
  /** About how much that is. Asked for from time to time. */
  readonly bytes: () => number
  /** Ends its connection. */
  readonly end: () => void
}

export interface StalledReaderLimits {
  /** What may be kept for all of them together. */
  readonly unreadBytes: number
  /** How long one may take nothing at all. */
  readonly unreadMs: number
}

interface Entry extends StalledReader {
  readonly since: number
}

const sweepMs = 250
/** Who has taken something a moment ago reads slowly, and is not the first to be ended. */
const patienceMs = 5000

/**
 * Bounds what is kept for readers that do not read: beyond the budget the one goes that has stalled
 * for longest, at once where it is exceeded twice over. A single answer may always be read, be it
 * as large as it is. Costs a reader that keeps up nothing, and a write that has to wait two
 * operations on a set.
 */
export class StalledReaders {
  readonly #limits: StalledReaderLimits
  readonly #bounds: BoundLog
  readonly #now: () => number
  /** Longest stalled first. */
  readonly #entries = new Set<Entry>()
  readonly #shared = new Map<string, WeakRef<Buffer>>()
  readonly #gone = new FinalizationRegistry<string>((digest) => {
    if (this.#shared.get(digest)?.deref() === undefined) this.#shared.delete(digest)
  })
  /** Of finished responses, by their logs. */
  readonly #weights = new WeakMap<object, number>()
  #timer: NodeJS.Timeout | null = null

  constructor(limits: StalledReaderLimits, bounds: BoundLog, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#bounds = bounds
    this.#now = now
  }

  /** The reader takes nothing, until the function that comes back is called. Safe twice. */
  stalls(reader: StalledReader): () => void {
    const entry = { ...reader, since: this.#now() }
    this.#entries.add(entry)
    this.#timer ??= setTimeout(() => this.#tick(), sweepMs).unref()
    return () => {
      this.#entries.delete(entry)
    }
  }

  /** The same bytes as they are kept for another reader, where there is one. */
  share(whole: Buffer): Buffer {
    const digest = createHash("sha256").update(whole).digest("base64")
    const known = this.#shared.get(digest)?.deref()
    if (known !== undefined) return known
    this.#shared.set(digest, new WeakRef(whole))
    this.#gone.register(whole, digest)
    return whole
  }

  /** About how many bytes a response takes that is kept for its readers. */
  bytesOf({ log, record }: Pick<LiveResponse, "log" | "record">): number {
    const known = this.#weights.get(log)
    if (known !== undefined) return known
    const bytes = charactersIn(record.output)
    if (log.isClosed) this.#weights.set(log, bytes)
    return bytes
  }

  #tick(): void {
    this.sweep()
    this.#timer = this.#entries.size === 0 ? null : setTimeout(() => this.#tick(), sweepMs).unref()
  }

  /** Ends those that have to go. Done from time to time as long as any reader stalls. */
  sweep(): void {
    const now = this.#now()
    for (const entry of this.#entries) {
      if (now - entry.since < this.#limits.unreadMs) break
      this.#end(entry, "limits.unread_ms")
    }
    const kept = new Map<object, { readonly bytes: number; readers: number }>()
    let total = 0
    for (const { source, bytes } of this.#entries) {
      const known = kept.get(source)
      if (known !== undefined) known.readers += 1
      else {
        const entry = { bytes: bytes(), readers: 1 }
        kept.set(source, entry)
        total += entry.bytes
      }
    }
    for (const entry of this.#entries) {
      const { unreadBytes } = this.#limits
      if (total <= unreadBytes || kept.size <= 1) return
      if (now - entry.since < patienceMs && total <= unreadBytes * 2) return
      this.#end(entry, "limits.unread_bytes")
      const of = kept.get(entry.source)
      if (of === undefined) continue
      of.readers -= 1
      if (of.readers > 0) continue
      total -= of.bytes
      kept.delete(entry.source)
    }
  }

  #end(entry: Entry, bound: string): void {
    this.#entries.delete(entry)
    this.#bounds.met(bound, { stalledMs: Math.round(this.#now() - entry.since), bytes: entry.bytes() })
    entry.end()
  }
}

function charactersIn(value: unknown): number {
  if (typeof value === "string") return value.length
  if (typeof value !== "object" || value === null) return 8
  return Object.values(value).reduce((sum: number, each) => sum + charactersIn(each), 16)
}
