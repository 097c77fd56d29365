import { existsSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { upgradeCommand } from "../../domain/installing.ts"
import { emptyLedgerProblem, type LedgerProblem, openingProblem } from "./ledger-damage.ts"
import { migrations, schemaVersion } from "./migrate.ts"

const tables = [
  "threads",
  "turns",
  "responses",
  "conversations",
  "conversation_items",
  "files",
  "replies",
] as const

interface LedgerReport {
  /** Null: it can be used. */
  readonly problem: LedgerProblem | null
  /** What SQLite finds wrong, the first ten. */
  readonly faults: readonly string[]
  /** Null where it cannot be told. */
  readonly schemaVersion: number | null
  /** Rows by table, as far as they can be read. */
  readonly counts: Readonly<Record<string, number | null>>
}

const nothing: LedgerReport = { problem: null, faults: [], schemaVersion: null, counts: {} }

const lookMs = 2_000

/** Reads every page, which takes minutes for a large one. */
export function inspectLedger(path: string): LedgerReport {
  return look(path, (database) => {
    const rows = database.prepare("pragma integrity_check(10)").all()
    const faults = rows.map((row) => String(row.integrity_check)).filter((fault) => fault !== "ok")
    const counts = Object.fromEntries(tables.map((table) => [table, countOf(database, table)]))
    const [fault] = faults
    const problem = fault === undefined ? null : openingProblem(path, damaged(fault))
    return { problem, faults, counts, schemaVersion: schemaVersion(database, path, migrations) }
  })
}

/** A quick look. Null: it can be used, or will be made. */
export function checkLedger(path: string): LedgerProblem | null {
  const { problem } = look(path, (database) => {
    schemaVersion(database, path, migrations)
    // Reads the table of contents; a check of every page would take minutes on a large ledger.
    database.prepare("select count(*) from sqlite_schema").get()
    return nothing
  })
  return problem
}

/** Changes nothing, and can be done while a service uses it. */
function look(path: string, read: (database: DatabaseSync) => LedgerReport): LedgerReport {
  const empty = emptyLedgerProblem(path)
  if (empty !== null) return { ...nothing, problem: empty }
  if (!existsSync(path)) return nothing
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: lookMs })
    return read(database)
  } catch (error) {
    if (error instanceof ProxyError) {
      const step = `in the checkout of ai-agent-proxy: ${upgradeCommand}`
      return { ...nothing, problem: { reason: error.message, step } }
    }
    return { ...nothing, problem: openingProblem(path, error), faults: [messageOf(error)] }
  }
}

/** In SQLite's form, as if it had come upon the page while reading. */
function damaged(fault: string): Error {
  return Object.assign(new Error(fault.trim().replaceAll(/\s+/g, " ")), { errcode: 11 })
}

function countOf(database: DatabaseSync, table: string): number | null {
  try {
    return Number(database.prepare(`select count(*) as number from ${table}`).get()?.number)
  } catch {
    // Of an older schema, or unreadable: the faults say so.
    return null
  }
}
