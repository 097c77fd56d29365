import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { FileQuery, FileRecord } from "../../src/domain/files.ts"
import type { Store } from "../../src/domain/store.ts"
import type { StoreFixture } from "./store-contract.ts"

function file(number: number, fields: Partial<FileRecord> = {}): FileRecord {
  return {
    id: `file-${String(number).padStart(32, "0")}`,
    principal: "ann",
    name: "naïve 🦀.txt",
    bytes: 10,
    purpose: "user_data",
    mimeType: "text/plain",
    sha256: "ab".repeat(32),
    createdAt: 1_000 + number,
    expiresAt: null,
    ...fields,
  }
}

const all: FileQuery = { purpose: null, after: null, order: "desc", limit: 10 }
const now = 2_000

/** What every implementation of `FileLedger` has to do. */
export function describeFileContract(name: string, prepare: () => Promise<StoreFixture>): void {
  describe(`the contract of uploaded files on ${name}`, () => {
    let fixture: StoreFixture
    let store: Store

    beforeEach(async () => {
      fixture = await prepare()
      store = await fixture.open()
    })
    afterEach(async () => {
      await store.close()
      await fixture.remove()
    })

    const ids = async (query: Partial<FileQuery> = {}) =>
      (await store.files.listFiles("ann", { ...all, ...query }, now)).map(({ id }) => Number(id.slice(5)))

    it("gives back every field, to its principal only, also after it was opened again", async () => {
      const first = file(1, { expiresAt: 5_000 })
      expect(await store.files.insertFile(first, 100)).toBe(true)
      await store.close()
      store = await fixture.open()
      expect(await store.files.findFile("ann", first.id, now)).toEqual(first)
      expect(await store.files.findFile("bob", first.id, now)).toBeNull()
      expect(await store.files.deleteFile("bob", first.id, now)).toBe(false)
      expect(await store.files.listFiles("bob", all, now)).toEqual([])
      expect(await store.files.deleteFile("ann", first.id, now)).toBe(true)
      expect(await store.files.deleteFile("ann", first.id, now)).toBe(false)
      expect(await store.files.hasFile(first.id)).toBe(false)
    })

    it("lists by order, purpose and from behind an id, which may be gone", async () => {
      for (const number of [1, 2, 3, 4]) {
        await store.files.insertFile(file(number, { purpose: number === 2 ? "vision" : "user_data" }), 100)
      }
      expect(await ids()).toEqual([4, 3, 2, 1])
      expect(await ids({ order: "asc", limit: 2 })).toEqual([1, 2])
      expect(await ids({ purpose: "vision" })).toEqual([2])
      await store.files.deleteFile("ann", file(3).id, now)
      expect(await ids({ after: file(3).id })).toEqual([2, 1])
      expect(await ids({ after: file(3).id, order: "asc" })).toEqual([4])
    })

    it("takes no file that would be too much for its principal", async () => {
      expect(await store.files.insertFile(file(1), 25)).toBe(true)
      expect(await store.files.insertFile(file(2), 25)).toBe(true)
      expect(await store.files.insertFile(file(3), 25)).toBe(false)
      expect(await store.files.insertFile(file(4, { principal: "bob" }), 25)).toBe(true)
      expect(await store.files.totalFileBytes("ann")).toBe(20)
      expect(await store.files.totalFileBytes("nobody")).toBe(0)
    })

    it("counts what expired as gone, and forgets it step by step", async () => {
      for (const number of [1, 2, 3]) {
        await store.files.insertFile(file(number, { expiresAt: now - 10 + number }), 100)
      }
      await store.files.insertFile(file(4, { expiresAt: now + 1 }), 100)
      await store.files.insertFile(file(5, { expiresAt: now }), 100)
      expect(await ids()).toEqual([4])
      expect(await store.files.findFile("ann", file(5).id, now)).toBeNull()
      expect(await store.files.deleteFile("ann", file(5).id, now)).toBe(false)
      expect(await store.files.hasFile(file(5).id)).toBe(true)
      expect(await store.files.deleteExpiredFiles(now, 2)).toEqual([file(1).id, file(2).id])
      expect(await store.files.deleteExpiredFiles(now, 5)).toEqual([file(3).id, file(5).id])
      expect(await store.files.deleteExpiredFiles(now, 5)).toEqual([])
      expect(await ids()).toEqual([4])
    })
  })
}
