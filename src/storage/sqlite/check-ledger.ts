import { existsSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { ProxyError } from "../../domain/errors.ts"
import { upgradeCommand } from "../../domain/installing.ts"
import { emptyLedgerProblem, type LedgerProblem, openingProblem } from "./ledger-damage.ts"
import { migrations, schemaVersion } from "./migrate.ts"

/** A quick look at a ledger without changing it, also while a service uses it. Null: it can be used, or will be made. */
export function checkLedger(path: string): LedgerProblem | null {
  const empty = emptyLedgerProblem(path)
  if (empty !== null) return empty
  if (!existsSync(path)) return null
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 })
    schemaVersion(database, path, migrations)
    // Reads the table of contents; a check of every page would take minutes on a large ledger.
    database.prepare("select count(*) from sqlite_schema").get()
    return null
  } catch (error) {
    if (error instanceof ProxyError) {
      return { reason: error.message, step: `in the checkout of ai-agent-proxy: ${upgradeCommand}` }
    }
    return openingProblem(path, error)
  } finally {
    if (database?.isOpen) database.close()
  }
}
