import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { createAtomic, writeAtomic } from "./write-atomic.ts"

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atomic-"))
  path = join(folder, "file")
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

it("writeAtomic replaces a file, gives it mode 0600 and leaves nothing beside it", async () => {
  await writeFile(path, "old", { mode: 0o644 })
  await writeAtomic(path, "new")
  expect(await readFile(path, "utf8")).toBe("new")
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readdir(folder)).toEqual(["file"])
})

it("writeAtomic leaves nothing behind when it cannot replace", async () => {
  await expect(writeAtomic(folder, "text")).rejects.toThrow()
  await expect(writeAtomic(join(folder, "missing", "file"), "text")).rejects.toThrow("ENOENT")
  expect(await readdir(folder)).toEqual([])
})

it("createAtomic keeps what is there and says so", async () => {
  expect(await createAtomic(path, "first")).toBe(true)
  expect(await createAtomic(path, "second")).toBe(false)
  expect(await readFile(path, "utf8")).toBe("first")
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readdir(folder)).toEqual(["file"])
})

it("of two createAtomic at the same time one wins", async () => {
  const results = await Promise.all(["a", "b", "c"].map((text) => createAtomic(path, text)))
  expect(results.filter(Boolean)).toHaveLength(1)
  expect(await readFile(path, "utf8")).toBe(["a", "b", "c"][results.indexOf(true)])
})
