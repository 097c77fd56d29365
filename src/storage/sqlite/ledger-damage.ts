import { existsSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { fileProblemOf, systemCodeOf } from "../../domain/file-problem.ts"
import { copiesOf, namesIn, sizeOf } from "./ledger-copies.ts"
import { isDamaged, unwritableProblemOf } from "./ledger-error.ts"

/** Why a ledger cannot be opened, for people. */
export interface LedgerProblem {
  readonly reason: string
  /** What they type or do; nothing is lost by it. */
  readonly step: string
}

/** Names the home: typed as it is printed, it must not reach the ledger of another one. */
export function ledgerCommandLine(action: "check" | "restore", path: string): string {
  return `ai-agent-proxy ledger ${action} --home ${forShell(dirname(path))}`
}

function forShell(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}

/**
 * An empty file is a new ledger only where nothing has ever been kept: with agents that have worked
 * beside it, it is what is left of one. Null: it can be opened, or will be made.
 */
export function emptyLedgerProblem(path: string): LedgerProblem | null {
  const reason = emptyReason(path)
  return reason === null ? null : { reason, step: stepFor(path) }
}

function emptyReason(path: string): string | null {
  if (existsSync(path)) {
    if (sizeOf(path) > 0 || !wasUsed(path)) return null
    return `${path} is empty, but the agents beside it have worked: what it held is gone, or lies elsewhere`
  }
  if (sizeOf(`${path}-wal`) > 0) {
    return `there is no ${path}, but its write-ahead log is there: somebody took the one without the other`
  }
  if (!existsSync(restoringOf(path))) return null
  return `there is no ${path}: a restore was ended half-way, and has put what was there aside (${path}.replaced-TIME)`
}

/** Where a restore prepares what takes the ledger's place. */
export function restoringOf(path: string): string {
  return `${path}.restoring`
}

/** For what opening a ledger threw. */
export function openingProblem(path: string, error: unknown): LedgerProblem {
  if (isDamaged(error)) {
    const reason = `${path} is damaged (${messageOf(error)}); nothing was changed in it`
    return { reason, step: stepFor(path) }
  }
  const problem = systemCodeOf(error) === "" ? unwritableProblemOf(error) : fileProblemOf(error)
  return {
    reason: `${path} cannot be used: ${problem ?? messageOf(error)}`,
    step: problem === undefined ? ledgerCommandLine("check", path) : `ls -l ${path}; df ${dirname(path)}`,
  }
}

export function ledgerProblemError({ reason, step }: LedgerProblem, cause?: unknown): ProxyError {
  return new ProxyError("storage_failed", `Cannot open the ledger: ${reason}. Next: ${step}`, { cause })
}

/** True: there is none where there must have been one. */
export function isLedgerGone(home: string): boolean {
  return !existsSync(join(home, "state.db")) && wasUsed(join(home, "state.db"))
}

/**
 * True: the service was killed, for its `daemon.pid` is there still, and the write-ahead log that
 * it must have left is not. To be asked before this process takes the home. SQLite takes the file
 * for whole, without what was in the log.
 */
export function isLogGone(home: string): boolean {
  const path = join(home, "state.db")
  return existsSync(join(home, "daemon.pid")) && sizeOf(path) > 0 && !existsSync(`${path}-wal`)
}

/** True: an agent has had turns, or clients have left files. */
function wasUsed(path: string): boolean {
  const home = dirname(path)
  if (copiesOf(path).length > 0 || sizeOf(`${path}-wal`) > 0) return true
  return foldersOf(home).some(
    (name) =>
      sizeOf(join(home, name, "logs", "turns.jsonl")) > 0 ||
      existsSync(join(home, name, "control", "main-conversation")) ||
      (name === "files" && namesIn(join(home, name)).some((file) => file.startsWith("file-"))),
  )
}

function stepFor(path: string): string {
  const restore = ledgerCommandLine("restore", path)
  const [newest] = copiesOf(path)
  const copy = newest === undefined ? "" : ` (the newest copy is of ${new Date(newest.madeAt).toISOString()})`
  return newest === undefined
    ? `put a copy of yours in its place, or begin with an empty one, which keeps this one beside it: ${restore} --empty`
    : `${restore}${copy}; it keeps what is there now beside it`
}

function foldersOf(home: string): readonly string[] {
  return namesIn(home).filter((name) => statSync(join(home, name), { throwIfNoEntry: false })?.isDirectory())
}
