import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { LoopEnd } from "../../src/domain/exchanges.ts"
import type { Store } from "../../src/domain/store.ts"
import { openSqliteStore } from "../../src/storage/sqlite/open-sqlite-store.ts"
import { insert, marksOf, owner } from "./records.ts"

/** More than are put in their places at once. */
const turnCount = 300

describe("what turns are found by", () => {
  let folder: string
  let path: string
  let store: Store

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "turn-keys-"))
    path = join(folder, "state.db")
    store = await openSqliteStore(path)
  })

  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  const idOf = (index: number) => `turn_${String(index).padStart(4, "0")}`

  async function end(index: number, keys: readonly string[], loop: LoopEnd | null = null): Promise<void> {
    const turnId = idOf(index)
    await insert(store, { turnId, threadId: `thr_${turnId}` })
    const marks = { ...marksOf("hash"), keys, loop }
    await store.saveProgress({
      responseId: `resp_${turnId}`,
      turnId,
      status: "completed",
      completedAt: 1,
      marks,
    })
  }

  const own = (index: number) => `l${index}`

  async function endAll(from = 0, to = turnCount): Promise<void> {
    for (let index = from; index < to; index += 1) await end(index, [own(index), "same", `b${index % 100}`])
  }

  async function expectAll(count = turnCount): Promise<void> {
    const newest = await store.findTurnsByKey(owner, "same")
    expect(newest.map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, index) => idOf(count - 1 - index)),
    )
    const keys = Array.from({ length: count }, (_, index) => own(index))
    expect((await store.findKeys([...keys, "none"])).size).toBe(count)
    for (const [index, key] of keys.entries()) {
      expect((await store.findTurnsByKey(owner, key)).map(({ id }) => id)).toEqual([idOf(index)])
    }
    for (let index = 0; index < 100; index += 1) {
      const found = await store.findTurnsByKey(owner, `b${index}`)
      expect(found.map(({ id }) => id)).toContain(idOf(index))
      expect(found).toHaveLength(Math.ceil((count - index) / 100))
    }
    expect(await store.findTurnsByKey(owner, "b100")).toEqual([])
  }

  function tamper(sql: string): void {
    const database = new DatabaseSync(path)
    try {
      database.exec(sql)
    } finally {
      database.close()
    }
  }

  it("is there at once, whether it has its place or not", async () => {
    await endAll()
    await expectAll()
  })

  it("is there for the next start, however this one ends", async () => {
    await endAll()
    const next = await openSqliteStore(path)
    const before = store
    store = next
    await expectAll()
    await before.close()
    await endAll(turnCount, turnCount + 40)
    await expectAll(turnCount + 40)
  })

  it("is there where it could not be put in its place, and is put there later", async () => {
    tamper("create trigger no_keys before insert on turn_keys begin select raise(abort, 'no'); end")
    await endAll(0, 200)
    await expectAll(200)
    tamper("drop trigger no_keys")
    await endAll(200, turnCount)
    await expectAll()
    const database = new DatabaseSync(path)
    const placed = database.prepare("select count(distinct turn_id) as count from turn_keys").get()
    database.close()
    expect(placed?.count).toBeGreaterThanOrEqual(200)
  })

  it("is put in its place by the next start, where there is too much that could not be", async () => {
    tamper("create trigger no_keys before insert on turn_keys begin select raise(abort, 'no'); end")
    await endAll()
    await store.close()
    tamper("drop trigger no_keys")
    store = await openSqliteStore(path)
    await expectAll()
    const database = new DatabaseSync(path)
    const left = database.prepare("select count(*) as count from recent_turn_keys").get()
    database.close()
    expect(left?.count).toBe(0)
  })

  describe("a conversation that began with calls", () => {
    const find = async (key: string) => (await store.findTurnsByKey(owner, key)).map(({ id }) => id)

    it("is found by its beginning as long as they wait", async () => {
      await end(0, [own(0), "begun"])
      await end(1, [own(1)], { before: idOf(0), isOver: false })
      expect(await find("begun")).toEqual([idOf(0)])
    })

    it.each([1, 2, 5])("is not, once %i rounds of them are answered", async (rounds) => {
      await end(0, [own(0), "begun"])
      for (let round = 1; round <= rounds; round += 1) {
        await end(round, [own(round)], { before: idOf(round - 1), isOver: round === rounds })
      }
      expect(await find("begun")).toEqual([])
      expect(await find(own(0))).toEqual([idOf(0)])
      expect(await find(own(rounds))).toEqual([idOf(rounds)])
      const next = await openSqliteStore(path)
      expect(await next.findTurnsByKey(owner, "begun")).toEqual([])
      await next.close()
    })

    it("leaves others that began alike", async () => {
      await end(0, [own(0), "begun"])
      await end(1, [own(1), "begun"])
      await end(2, [own(2)], { before: idOf(1), isOver: true })
      expect(await find("begun")).toEqual([idOf(0)])
      await end(3, [own(3), "begun"])
      expect(await find("begun")).toEqual([idOf(3), idOf(0)])
    })

    it("may be found still where its keys have their places: it is looked at and passed over", async () => {
      await end(0, [own(0), "begun"])
      await endAll(1, 200)
      await end(200, [own(200)], { before: idOf(0), isOver: true })
      expect(await find(own(200))).toEqual([idOf(200)])
      await end(201, [own(201), "begun"])
      expect((await find("begun"))[0]).toBe(idOf(201))
    })
  })

  it("goes with its turn", async () => {
    await endAll(0, 3)
    expect(await store.deleteThreadsUsedBefore(2_000, 10)).toHaveLength(3)
    expect(await store.findTurnsByKey(owner, "same")).toEqual([])
  })
})
