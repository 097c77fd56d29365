import { type BigIntStats, statSync } from "node:fs"
import { ProxyError } from "../../domain/errors.ts"

/**
 * The ledger's file by its name. SQLite writes to the file that it has opened, whatever has become
 * of the name: renamed, deleted or replaced, the old file goes on taking everything, and nobody
 * finds it again. So the name is looked up before each commit (two `stat`, some microseconds).
 */
export class LedgerFile {
  readonly path: string
  readonly #ids: Readonly<Record<"" | "-wal", string | null>>

  /** Of an open database, whose files are there. */
  constructor(path: string) {
    this.path = path
    this.#ids = { "": idOf(path), "-wal": idOf(`${path}-wal`) }
  }

  /** Throws `storage_failed` once the name stands for another file, or none. */
  assertInPlace(): void {
    if (this.path === ":memory:") return
    this.#assertSame("")
    this.#assertSame("-wal")
  }

  #assertSame(suffix: "" | "-wal"): void {
    const opened = this.#ids[suffix]
    if (opened === null) return
    const found = idOf(this.path + suffix)
    if (found === opened) return
    throw movedAway(found === null ? "was moved away or deleted" : "was replaced", suffix)
  }
}

/** Also what SQLite itself says where it notices. */
export function movedAway(what: string, suffix: "" | "-wal" = ""): ProxyError {
  const file = suffix === "" ? "its file" : "its write-ahead log (state.db-wal)"
  return new ProxyError(
    "storage_failed",
    `This service cannot use its ledger: ${file} ${what} while the service ran, so that nothing can be kept any more. ` +
      "Its owner has to put back what was there, upon which it goes on by itself, or restart the service with what is there now.",
  )
}

/** Null: there is nothing of that name. Throws the system's error where that cannot be told. */
function idOf(path: string): string | null {
  // Numbers of inodes are larger than a double holds on some file systems.
  const stats: BigIntStats | undefined = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? null : `${stats.dev} ${stats.ino}`
}
