import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { describeConversationContract } from "./conversation-contract.ts"

describeConversationContract("SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "conversations-"))
  return {
    open: () => openSqliteStore(join(folder, "state.db")),
    remove: () => rm(folder, { recursive: true }),
  }
})
