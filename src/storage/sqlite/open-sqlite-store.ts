import { chmodSync, closeSync, existsSync, openSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { ProxyError } from "../../domain/errors.ts"
import type { Store } from "../../domain/store.ts"
import { copyBefore } from "./ledger-copies.ts"
import { emptyLedgerProblem, ledgerProblemError, openingProblem } from "./ledger-damage.ts"
import { LedgerDatabase } from "./ledger-database.ts"
import { LedgerFile } from "./ledger-file.ts"
import { migrate, migrations, schemaVersion } from "./migrate.ts"
import { SqliteStore } from "./sqlite-store.ts"

/** For another process's writing: a command of ours, not a second daemon (see the home's lock). */
const busyTimeoutMs = 5_000

/** SQLite would keep twice as much of long answers; the system has them in its cache anyway. */
const pageCacheKb = 1024

/** To which a checkpoint cuts the write-ahead log back; else it keeps its largest size for ever. */
const walSizeLimitBytes = 16 * 1024 * 1024

/**
 * What a commit survives, in SQLite's words (`synchronous`). Both survive the end of the process,
 * however it comes; a power cut or a crash of the system may take the last commits with it where it
 * is `normal`, for the log is written out by the system then.
 */
export type Durability = "normal" | "full"

/**
 * Opens the ledger, making the file (0600; SQLite gives `-wal` and `-shm` the same mode) or
 * bringing its schema up to date. Rejects with `ProxyError` when the file is newer than this
 * program, not a database, or not writable.
 *
 * SQL goes to `node:sqlite` as it is: a query builder doubled the time of a transaction, and
 * loading it took longer than starting Node.
 */
export async function openSqliteStore(path: string, durability: Durability = "normal"): Promise<Store> {
  let database: DatabaseSync | undefined
  try {
    const empty = emptyLedgerProblem(path)
    if (empty !== null) throw ledgerProblemError(empty)
    if (path !== ":memory:") makePrivate(path)
    database = new DatabaseSync(path, {
      timeout: busyTimeoutMs,
      enableForeignKeyConstraints: true,
      // A record may have more than its row.
      allowUnknownNamedParameters: true,
    })
    database.exec(pragmasFor(durability))
    upgrade(database, path, new Date())
    return new SqliteStore(new LedgerDatabase(database, new LedgerFile(path)))
  } catch (error) {
    if (database?.isOpen) database.close()
    if (error instanceof ProxyError) throw error
    throw ledgerProblemError(openingProblem(path, error), error)
  }
}

/** A ledger of an earlier release is copied first. */
function upgrade(database: DatabaseSync, path: string, now: Date): void {
  const version = schemaVersion(database, path, migrations)
  if (version > 0 && version < migrations.length) copyBefore(database, path, migrations.length, now)
  migrate(database, path)
  if (version > 0) return
  // What clients have left before it was made, as far as it is there, belongs to a ledger that is
  // gone: it is not swept.
  database.prepare("update facts set value = ? where name = 'files_known_since'").run(now.getTime())
}

/** `auto_vacuum` counts only before the first table is made. */
export function pragmasFor(durability: Durability): string {
  return `
    pragma auto_vacuum = incremental;
    pragma journal_mode = wal;
    pragma synchronous = ${durability};
    pragma journal_size_limit = ${walSizeLimitBytes};
    pragma trusted_schema = off;
    pragma wal_autocheckpoint = 6000;
    pragma cache_size = -${pageCacheKb};
  `
}

/**
 * Makes the file with its mode before SQLite does. An existing file is never opened here: closing
 * any descriptor of a file gives up all POSIX locks of the process, an open store's too.
 */
function makePrivate(path: string): void {
  if (existsSync(path)) chmodSync(path, 0o600)
  else closeSync(openSync(path, "a", 0o600))
}
