import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { describeReplyContract } from "./reply-contract.ts"

describeReplyContract("SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "replies-"))
  return {
    open: () => openSqliteStore(join(folder, "state.db")),
    remove: () => rm(folder, { recursive: true }),
  }
})
