import { type BigIntStats, statSync } from "node:fs"
import { messageOf, ProxyError } from "../domain/errors.ts"
import { storageFailed } from "../domain/file-problem.ts"
import type { Log } from "../domain/log.ts"
import type { Store } from "../domain/store.ts"
import type { HomeLock } from "../workspace/home/home-lock.ts"

interface HomeWatchOptions {
  readonly home: string
  readonly lock: HomeLock
  readonly socketPath: string
  /** Makes the socket again; what was connected to the old one stays. */
  readonly remakeSocket: () => Promise<void>
  readonly log: Log
}

const everyMs = 2_000

/**
 * Looks from time to time whether the home is still what the service has opened: a socket or a lock
 * that somebody removed is made again, a home that is gone is told. It never makes the home itself:
 * what would be written there, nobody looks for.
 */
export class HomeWatch {
  readonly #options: HomeWatchOptions
  readonly #homeId: string | null
  #socketId: string | null
  #timer: NodeJS.Timeout | null = null
  #told = ""

  constructor(options: HomeWatchOptions) {
    this.#options = options
    this.#homeId = idOf(options.home)
    this.#socketId = idOf(options.socketPath)
  }

  start(): void {
    this.#later()
  }

  /** Safe twice. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #later(): void {
    this.#timer = setTimeout(() => {
      void this.#look().finally(() => {
        if (this.#timer !== null) this.#later()
      })
    }, everyMs)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    const { home, lock, socketPath, remakeSocket, log } = this.#options
    try {
      if (idOf(home) !== this.#homeId) {
        this.#tell(`${home} was moved away, deleted or replaced; put it back, or restart the service`)
        return
      }
      if (await lock.renew()) log("warn", "the lock of the home was removed, and is made again", { home })
      if (idOf(socketPath) !== this.#socketId) {
        await remakeSocket()
        this.#socketId = idOf(socketPath)
        log("warn", "the socket of the home was removed, and is made again", { socket: socketPath })
      }
      this.#told = ""
    } catch (error) {
      this.#tell(messageOf(error))
    }
  }

  /** Once, not every few seconds. */
  #tell(problem: string): void {
    if (this.#told === problem) return
    this.#told = problem
    this.#options.log("error", "the home of the service is not as it was", { problem })
  }
}

/** Null: there is nothing of that name, or it cannot be told. */
function idOf(path: string): string | null {
  try {
    const stats: BigIntStats | undefined = statSync(path, { bigint: true, throwIfNoEntry: false })
    return stats === undefined ? null : `${stats.dev} ${stats.ino}`
  } catch {
    // No rights, or a disk that is away: the same as nothing.
    return null
  }
}

/** Null: all would be kept. Asked each time, so that a problem goes away by itself. */
type StorageProblem = () => Promise<ProxyError | null>

export function storageProblemOf(store: Pick<Store, "check">): StorageProblem {
  return async () => {
    try {
      await store.check()
      return null
    } catch (error) {
      return error instanceof ProxyError ? error : storageFailed("The ledger cannot be used", error)
    }
  }
}
