// Another process that looks into a ledger in use: prints the response as JSON.
import { openSqliteStore } from "../../../src/storage/sqlite/open-sqlite-store.ts"

const [path = "", principal = "", id = ""] = process.argv.slice(2)
const store = await openSqliteStore(path)
process.stdout.write(JSON.stringify(await store.findResponse(principal, id)))
await store.close()
