import { mkdtemp, rename, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { openSqliteStore } from "./open-sqlite-store.ts"
import { WriteAheadLog } from "./write-ahead-log.ts"

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "write-ahead-log-"))
  path = join(folder, "state.db")
})

afterEach(() => rm(folder, { recursive: true }))

it("is put in its places long before SQLite would do it, which is within a commit", async () => {
  const store = await openSqliteStore(path)
  const before = (await stat(path)).size
  // Of three pages each.
  for (let commit = 0; commit < 200; commit += 1) {
    const id = `conv_${String(commit).padStart(4, "0")}`
    await store.conversations.insert(
      { id, principal: "none", metadata: { text: "x".repeat(500) }, createdAt: 1, headTurnId: null },
      [],
    )
  }
  await vi.waitFor(async () => expect((await stat(path)).size).toBeGreaterThan(before + 50_000))
  await store.close()
})

it("is asked for once at a time, and again after as many commits", async () => {
  const store = await openSqliteStore(path)
  const checkpoint = vi.fn()
  const log = new WriteAheadLog(path, checkpoint)
  const commit = (times: number) => {
    for (let count = 0; count < times; count += 1) log.committed()
  }
  commit(191)
  expect(checkpoint).not.toHaveBeenCalled()
  commit(500)
  await vi.waitFor(() => expect(checkpoint).toHaveBeenCalledOnce())
  commit(1)
  await vi.waitFor(() => expect(checkpoint).toHaveBeenCalledTimes(2))
  await store.close()
})

it("is left to SQLite where it is not to be found by its name", async () => {
  const store = await openSqliteStore(path)
  await rename(`${path}-wal`, join(folder, "moved"))
  const checkpoint = vi.fn()
  const log = new WriteAheadLog(path, checkpoint)
  for (let count = 0; count < 192; count += 1) log.committed()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(checkpoint).not.toHaveBeenCalled()
  await rename(join(folder, "moved"), `${path}-wal`)
  await store.close()
})
