import { existsSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { migrations, schemaVersion } from "./migrate.ts"

/** Looks at a ledger without changing it, also while a service uses it. Null: it can be used, or will be made. */
export function checkLedger(path: string): { readonly reason: string; readonly nextStep: string } | null {
  if (!existsSync(path)) return null
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 2_000 })
    schemaVersion(database, path, migrations)
    // Reads the table of contents; a check of every page would take minutes on a large ledger.
    database.prepare("select count(*) from sqlite_schema").get()
    return null
  } catch (error) {
    const reason = messageOf(error)
    if (error instanceof ProxyError) return { reason, nextStep: "npm install -g ai-agent-proxy@latest" }
    return {
      reason: `${path} cannot be read: ${reason}`,
      nextStep: `move it away: mv ${path} ${path}.broken`,
    }
  } finally {
    if (database?.isOpen) database.close()
  }
}
