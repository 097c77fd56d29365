import { open } from "node:fs/promises"

/** Some 3,000 pages of 4 kB, for a turn alone makes two commits of sixteen. */
const commitsBetween = 192

/**
 * Puts the log of commits in its places in the ledger, from time to time. SQLite would do so within
 * a commit, and wait there until the disk has all of the log, which takes ten times as long as the
 * rest: that is waited for here while turns go on.
 */
export class WriteAheadLog {
  readonly #path: string
  readonly #checkpoint: () => void
  #commits = 0
  #flushing: Promise<void> | null = null

  /** `checkpoint` does it, quickly where the disk has the log; not called where that is gone. */
  constructor(ledgerPath: string, checkpoint: () => void) {
    this.#path = `${ledgerPath}-wal`
    this.#checkpoint = checkpoint
  }

  committed(): void {
    this.#commits += 1
    if (this.#commits < commitsBetween || this.#flushing !== null) return
    this.#commits = 0
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = null
    })
  }

  async #flush(): Promise<void> {
    try {
      // Whoever closes the ledger's own file gives up its locks; nobody locks this one.
      await using log = await open(this.#path, "r")
      await log.datasync()
    } catch {
      // It was moved away, or the disk is broken: the next commit says so. What is left here,
      // SQLite does by itself later.
      return
    }
    this.#checkpoint()
  }
}
