import { Agent } from "node:http"
import { join } from "node:path"
import { DatabaseSync, type SQLInputValue } from "node:sqlite"
import type { Build } from "./installation.ts"
import { daemonHome, startDaemon } from "./service-process.ts"
import { streamTurn } from "./sse-request.ts"

const prompt = "deltas=40 size=16"
const idPattern = /\b(?:resp|turn|thr|msg)_[0-9a-f]{32}\b/g
/** Digits at the end of an id that are the number of the copy. */
const digits = 6

/**
 * Fills the ledger of a daemon that does not run with `count` responses, each a thread of its own. A build may have another
 * ledger than this checkout: the service writes the first response itself, and its rows are copied under other ids.
 */
export async function storeResponses(
  build: Build,
  { folder, cli, count }: { readonly folder: string; readonly cli: string; readonly count: number },
): Promise<void> {
  const service = await startDaemon(build, { folder, cli })
  const agent = new Agent()
  await streamTurn(service, prompt, { agent })
  agent.destroy()
  await service.stop()
  const database = new DatabaseSync(join(daemonHome(folder), "state.db"), {
    enableForeignKeyConstraints: false,
  })
  try {
    database.exec("begin")
    for (const table of tablesOf(database)) copyRows(database, table, count)
    database.exec("commit")
  } finally {
    database.close()
  }
}

function tablesOf(database: DatabaseSync): string[] {
  const tables = database.prepare(
    "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'",
  )
  return tables.all().map(({ name }) => `"${name}"`)
}

/** Each row of `table` that names the response, its turn or an item of it, once for each further response. */
function copyRows(database: DatabaseSync, table: string, count: number): void {
  const rows = database.prepare(`select * from ${table}`).all()
  for (const row of rows) {
    const values = Object.values(row)
    if (!values.some((value) => typeof value === "string" && value.search(idPattern) !== -1)) continue
    const places = values.map(() => "?").join(", ")
    const insert = database.prepare(`insert into ${table} values (${places})`)
    for (let copy = 1; copy < count; copy += 1) insert.run(...values.map((value) => renamed(value, copy)))
  }
}

function renamed(value: SQLInputValue, copy: number): SQLInputValue {
  if (typeof value !== "string") return value
  const end = copy.toString(16).padStart(digits, "0")
  return value.replaceAll(idPattern, (id) => `${id.slice(0, -digits)}${end}`)
}
