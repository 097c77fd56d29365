import { messageOf, ProxyError } from "../../domain/errors.ts"
import { fileProblemOf, systemCodeOf } from "../../domain/file-problem.ts"
import { movedAway } from "./ledger-file.ts"

/** SQLite's result codes (https://sqlite.org/rescode.html), whose lowest byte is the kind. */
const unwritable: Readonly<Record<number, string>> = {
  8: "its file is read-only",
  10: "the disk does not take or give any data",
  13: "the disk is full",
  14: "its file cannot be opened",
}

/** SQLITE_BUSY, SQLITE_LOCKED: another program, which may only look at it, is in the way. */
const locked: readonly number[] = [5, 6]

/** What no room on the disk makes good again. */
const damaged: Readonly<Record<number, string>> = {
  11: "its file is damaged",
  26: "its file is not a ledger any more",
}

/** SQLITE_READONLY_DBMOVED. */
const movedCode = 1032

/**
 * SQLite's own errors say little ("disk I/O error"): this says that it was the ledger, and what to
 * do. What the owner can mend is `storage_failed`, which a client may see; all else is our fault.
 */
export function ledgerError(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error
  const code = resultCodeOf(error)
  if (code === movedCode) return movedAway("was moved away or deleted")
  if (isDamaged(error)) {
    return unusable(
      `: ${damaged[code & 0xff]}. Its owner finds out more with ` +
        "`ai-agent-proxy ledger check`, and gets the newest copy back with `ai-agent-proxy ledger restore`.",
      error,
    )
  }
  if (isLocked(error)) {
    return unusable(
      " now: another program holds it locked. Its owner has to end that program, or " +
        "wait until it is done; it goes on by itself then.",
      error,
    )
  }
  const problem = systemCodeOf(error) === "" ? unwritable[code & 0xff] : fileProblemOf(error)
  if (problem === undefined) {
    return new ProxyError("internal_error", `The ledger failed: ${messageOf(error)}.`, { cause: error })
  }
  return unusable(
    ` now: ${problem}. Its owner has to make room or mend the disk; it goes on by itself then.`,
    error,
  )
}

function unusable(problem: string, cause: unknown): ProxyError {
  return new ProxyError("storage_failed", `This service cannot use its ledger${problem}`, { cause })
}

/** In words; undefined: it is of another kind. */
export function unwritableProblemOf(error: unknown): string | undefined {
  return unwritable[resultCodeOf(error) & 0xff]
}

/** True for what a sound file never tells: pages that are destroyed, or something else. */
export function isDamaged(error: unknown): boolean {
  return damaged[resultCodeOf(error) & 0xff] !== undefined
}

/** True where only another program's lock is in the way. */
export function isLocked(error: unknown): boolean {
  return locked.includes(resultCodeOf(error) & 0xff)
}

function resultCodeOf(error: unknown): number {
  if (error instanceof ProxyError) return resultCodeOf(error.cause)
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : 0
}
