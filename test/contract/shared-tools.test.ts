import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { FunctionTool } from "../../src/domain/items.ts"
import type { Store } from "../../src/domain/store.ts"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { insert } from "./records.ts"

const team = (name: string, description = "x".repeat(500)): FunctionTool => ({
  name,
  description,
  parameters: { type: "object" },
  owner: "team",
})
const own: FunctionTool = { name: "own", description: "Of the client.", parameters: {} }

describe("tools of the service in the ledger", () => {
  let folder: string
  let path: string
  let store: Store

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "shared-tools-"))
    path = join(folder, "state.db")
    store = await openSqliteStore(path)
  })

  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  async function openThread(id: string, tools: readonly FunctionTool[]): Promise<void> {
    await insert(store, { turnId: `turn_${id}`, threadId: `thr_${id}` })
    const nativeThread = { id: `thr_${id}`, ref: id, instructions: null, tools }
    await store.saveProgress({ responseId: `resp_turn_${id}`, turnId: `turn_${id}`, nativeThread })
  }

  const toolsOf = async (id: string) => (await store.findNativeState(`thr_${id}`))?.tools

  function query(sql: string): readonly unknown[] {
    const database = new DatabaseSync(path)
    try {
      return database.prepare(sql).all()
    } finally {
      database.close()
    }
  }

  it("are stored once, and those of clients with each thread, in their order", async () => {
    const tools = [team("a"), own, team("b")]
    for (const id of ["1", "2", "3"]) await openThread(id, tools)
    for (const id of ["1", "2", "3"]) expect(await toolsOf(id)).toEqual(tools)
    expect(query("select 1 from shared_tools")).toHaveLength(2)
    expect(query("select 1 from native_threads where length(tools) > 300")).toEqual([])
    await store.close()
    store = await openSqliteStore(path)
    expect(await toolsOf("2")).toEqual(tools)
    await openThread("4", tools)
    expect(query("select 1 from shared_tools")).toHaveLength(2)
  })

  it("are known to who asks before the thread is stored", async () => {
    await insert(store, { turnId: "turn_1", threadId: "thr_1" })
    const nativeThread = { id: "thr_1", ref: "1", instructions: null, tools: [team("a")] }
    const storing = store.saveProgress({ responseId: "resp_turn_1", turnId: "turn_1", nativeThread })
    const [tools] = await Promise.all([toolsOf("1"), storing])
    expect(tools).toEqual([team("a")])
  })

  it("are others when anything of them has changed", async () => {
    await openThread("1", [team("a")])
    await openThread("2", [team("a", "Another.")])
    expect(await toolsOf("1")).toEqual([team("a")])
    expect(await toolsOf("2")).toEqual([team("a", "Another.")])
  })

  it("are read where an earlier release has stored them with the thread", async () => {
    await openThread("1", [team("a")])
    query(`update native_threads set tools = '${JSON.stringify([team("a"), own])}'`)
    expect(await toolsOf("1")).toEqual([team("a"), own])
  })

  it("are stored with the next thread where the first one could not be", async () => {
    await insert(store, { turnId: "turn_1", threadId: "thr_1" })
    const lost = { id: "thr_none", ref: "1", instructions: null, tools: [team("a")] }
    const ids = { responseId: "resp_turn_1", turnId: "turn_1" }
    await expect(store.saveProgress({ ...ids, nativeThread: lost })).rejects.toThrow("thr_none")
    await openThread("2", [team("a")])
    expect(await toolsOf("2")).toEqual([team("a")])
  })

  it("leave unknown what a thread has, where one of them is gone", async () => {
    await openThread("1", [team("a")])
    await store.close()
    query("delete from shared_tools")
    store = await openSqliteStore(path)
    expect(await store.findNativeState("thr_1")).toBeNull()
  })
})
