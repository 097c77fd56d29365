import { renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createTempDir, type TempDir } from "../../../test/support/temp-dir.ts"
import { type Excerpt, ExcerptCache, readExcerpt } from "./read-excerpt.ts"

describe("the excerpts of files that change now and then", () => {
  let folder: TempDir
  let cache: ExcerptCache<Excerpt>
  const file = () => join(folder.path, "memory.md")
  const own = () => ({ root: folder.path, path: "memory.md" })
  const read = async () => (await cache.read(own())).content?.text ?? null

  beforeEach(async () => {
    folder = await createTempDir("excerpts")
    cache = new ExcerptCache((path) => readExcerpt(path, 100, "start"))
  })

  afterEach(() => folder.remove())

  it("are read once while the file stays the same", async () => {
    writeFileSync(file(), "one\n")
    const first = cache.read(own())
    expect(cache.read(own())).toBe(first)
    expect((await first).content?.text).toBe("one\n")
  })

  it("are new after the file was written, replaced, removed and made again", async () => {
    writeFileSync(file(), "one\n")
    expect(await read()).toBe("one\n")
    writeFileSync(file(), "two\n")
    expect(await read()).toBe("two\n")
    writeFileSync(`${file()}.new`, "six\n")
    renameSync(`${file()}.new`, file())
    expect(await read()).toBe("six\n")
    rmSync(file())
    expect(await read()).toBeNull()
    writeFileSync(file(), "ten\n")
    expect(await read()).toBe("ten\n")
  })

  it("are null below a path that is no folder, with the reason", async () => {
    writeFileSync(file(), "one\n")
    const found = await cache.read({ root: folder.path, path: "memory.md/below" })
    expect(found).toEqual({ content: null, problem: `${file()} is a file and not a folder` })
  })
})
