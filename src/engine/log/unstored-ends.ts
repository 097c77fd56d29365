import { messageOf, ProxyError } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { TurnProgress } from "../../domain/store.ts"
import type { Ledger } from "./ledger.ts"

const retryMs = 2000
const maxEnds = 100

interface End {
  readonly live: LiveResponse
  readonly progress: TurnProgress
}

/**
 * Turns that are over while the ledger cannot be written (a full disk): it would call them
 * unfinished until the next start, and whoever polls one would wait for ever. They are kept here
 * and stored when it can be written again; the oldest are left to the next start where there are
 * too many, as on a disk that has room for a moment again and again.
 */
export class UnstoredEnds {
  readonly #ledger: Ledger
  readonly #log: Log
  readonly #ends = new Map<string, End>()
  #timer: NodeJS.Timeout | null = null

  constructor(ledger: Ledger, log: Log) {
    this.#ledger = ledger
    this.#log = log
  }

  add(live: LiveResponse, progress: TurnProgress): void {
    this.#ends.set(progress.responseId, { live, progress })
    const [oldest] = this.#ends.keys()
    if (this.#ends.size > maxEnds && oldest !== undefined) this.#ends.delete(oldest)
    this.#retryLater()
  }

  /** It was deleted. */
  forget(responseId: string): void {
    this.#ends.delete(responseId)
  }

  find(responseId: string): LiveResponse | undefined {
    return this.#ends.get(responseId)?.live
  }

  /** Tries once more. What is not stored then is ended by the next start. */
  async stop(): Promise<void> {
    await this.#store()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #retryLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      void this.#store()
    }, retryMs).unref()
  }

  async #store(): Promise<void> {
    for (const [id, { progress }] of this.#ends) {
      try {
        await this.#ledger.saveProgress(progress)
        this.#log("info", "the end of a turn is stored at last", { response: id })
      } catch (error) {
        // What was deleted meanwhile fails for another reason, and for ever.
        if (error instanceof ProxyError && error.code === "storage_failed") return this.#retryLater()
        this.#log("error", "the end of a turn cannot be stored", { response: id, error: messageOf(error) })
      }
      this.#ends.delete(id)
    }
  }
}
