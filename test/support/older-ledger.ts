import { renameSync, rmSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { migrate, migrations } from "../../src/storage/sqlite/migrate.ts"

/** Schema version that `makeOlder` leaves. */
export const olderVersion = migrations.length - 1

/** Gives a ledger that nobody uses the form of the schema before this one, with all its rows: as the last release has left it. */
export function makeOlder(path: string): void {
  const copy = `${path}.older`
  const database = new DatabaseSync(copy)
  database.exec("pragma foreign_keys = off; pragma journal_mode = wal")
  migrate(database, copy, migrations.slice(0, olderVersion))
  database.prepare("attach ? as present").run(path)
  for (const table of tablesOf(database, "main")) {
    const kept = columnsOf(database, "present", table)
    const columns = columnsOf(database, "main", table).filter((column) => kept.includes(column))
    if (columns.length === 0) continue
    database.exec(`delete from main.${table}`)
    database.exec(`insert into main.${table} (${columns}) select ${columns} from present.${table}`)
  }
  database.close()
  for (const end of ["-wal", "-shm"]) rmSync(`${path}${end}`, { force: true })
  renameSync(copy, path)
}

function tablesOf(database: DatabaseSync, schema: string): string[] {
  return database
    .prepare(`select name from ${schema}.sqlite_schema where type = 'table' and name not like 'sqlite_%'`)
    .all()
    .map(({ name }) => String(name))
}

function columnsOf(database: DatabaseSync, schema: string, table: string): string[] {
  return database
    .prepare("select name from pragma_table_info(?, ?)")
    .all(table, schema)
    .map(({ name }) => String(name))
}
