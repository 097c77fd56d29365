import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { describeFileContract } from "./file-contract.ts"

describeFileContract("SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "files-"))
  return {
    open: () => openSqliteStore(join(folder, "state.db")),
    remove: () => rm(folder, { recursive: true }),
  }
})
