import { messageOf, ProxyError } from "../../domain/errors.ts"

/** SQLite's result codes (https://sqlite.org/rescode.html), whose lowest byte is the kind. */
const unwritable: Readonly<Record<number, string>> = {
  8: "its file is read-only",
  10: "the disk does not take or give any data",
  13: "the disk is full",
  14: "its file cannot be opened",
}

/** SQLITE_READONLY_DBMOVED: its file was moved or deleted, and only a restart opens another. */
const movedAway = 1032

/**
 * SQLite's own errors say little ("disk I/O error"): this says that it was the ledger. What ends by itself when there is room
 * on the disk again is `storage_failed`, which a client may see; everything else is a fault of ours.
 */
export function ledgerError(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error
  const code = resultCodeOf(error)
  const problem = code === movedAway ? undefined : unwritable[code & 0xff]
  if (problem === undefined) {
    return new ProxyError("internal_error", `The ledger failed: ${messageOf(error)}.`, { cause: error })
  }
  return new ProxyError(
    "storage_failed",
    `This service cannot use its ledger now: ${problem}. Its owner has to make room or mend the disk; it goes on by itself then.`,
    { cause: error },
  )
}

function resultCodeOf(error: unknown): number {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : 0
}
