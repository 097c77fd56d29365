import { chmodSync, copyFileSync, existsSync, renameSync, rmSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { giveToOwner } from "../../disk/write-atomic.ts"
import { ProxyError } from "../../domain/errors.ts"
import { storageFailed } from "../../domain/file-problem.ts"
import { inspectLedger } from "./inspect-ledger.ts"
import { copiesOf, stampOf, sync } from "./ledger-copies.ts"
import { restoringOf } from "./ledger-damage.ts"
import { migrate } from "./migrate.ts"
import { pragmasFor } from "./open-sqlite-store.ts"

export interface RestoreOrder {
  /** Null: the newest copy that is good. */
  readonly from: string | null
  /** An empty one, in place of any copy. */
  readonly isEmpty: boolean
  readonly now: Date
}

export interface Restored {
  /** The copy that is the ledger now; null: it is empty. */
  readonly from: string | null
  /** Where the one of before is kept; null: there was none. */
  readonly kept: string | null
  /** Copies that were passed over, with what is wrong with them. */
  readonly passedOver: readonly string[]
}

/**
 * Puts a good copy in the ledger's place and keeps what was there as `state.db.replaced-TIME`, with
 * its write-ahead log. Nobody may use the ledger meanwhile. Throws with nothing changed.
 */
export function restoreLedger(path: string, { from, isEmpty, now }: RestoreOrder): Restored {
  const { copy, passedOver } = isEmpty ? { copy: null, passedOver: [] } : chooseCopy(path, from)
  const fresh = restoringOf(path)
  try {
    // What an earlier try has left half-way would be taken for the copy, or for its log.
    removeAll(fresh)
    prepare(fresh, copy, now)
    const kept = putAside(path, now)
    renameSync(fresh, path)
    return { from: copy, kept, passedOver }
  } catch (error) {
    throw storageFailed(`${path} cannot be restored`, error)
  } finally {
    removeAll(fresh)
  }
}

function chooseCopy(path: string, from: string | null) {
  const passedOver: string[] = []
  for (const copy of from === null ? copiesOf(path).map((each) => each.path) : [from]) {
    if (!existsSync(copy)) throw new ProxyError("invalid_request", `There is no ${copy}.`)
    const { problem, schemaVersion } = inspectLedger(copy)
    if (problem === null && schemaVersion !== null && schemaVersion > 0) return { copy, passedOver }
    passedOver.push(problem?.reason ?? `${copy} holds no ledger`)
  }
  const found =
    passedOver.length === 0
      ? "There is no copy of the ledger"
      : `${passedOver.join("; ")}. There is no other copy`
  throw new ProxyError(
    "storage_failed",
    `${found} beside ${path}. Nothing was changed. Name a copy of yours with --from FILE, or begin with an empty ledger, which keeps this one ` +
      "beside it, with --empty.",
  )
}

/** Of this program's schema, whole on the disk; files of clients that it does not know are kept. */
function prepare(fresh: string, copy: string | null, now: Date): void {
  if (copy !== null) copyWithLog(copy, fresh)
  const database = new DatabaseSync(fresh)
  try {
    database.exec(pragmasFor("full"))
    migrate(database, fresh)
    database.prepare("update facts set value = ? where name = 'files_known_since'").run(now.getTime())
    database.exec("pragma journal_mode = delete")
  } finally {
    database.close()
  }
  sync(fresh)
  giveToOwner(fresh)
}

/** What was said last stands in the log alone, beside a copy that no service has closed. */
function copyWithLog(copy: string, fresh: string): void {
  for (const suffix of ["", "-wal"]) {
    if (!existsSync(copy + suffix)) continue
    copyFileSync(copy + suffix, fresh + suffix)
    // A backup may be for reading only.
    chmodSync(fresh + suffix, 0o600)
  }
}

function removeAll(database: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(database + suffix, { force: true })
}

function putAside(path: string, now: Date): string | null {
  const kept = `${path}.replaced-${stampOf(now)}`
  // The log last: without it the file would be opened as what it was at the last checkpoint, and a
  // log alone is refused.
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, kept + suffix)
  }
  return existsSync(kept) ? kept : null
}
