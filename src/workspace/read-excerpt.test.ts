import { execFileSync } from "node:child_process"
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { readExcerpt } from "./read-excerpt.ts"

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "excerpt-"))
  path = join(folder, "file")
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

it("gives a small file whole", async () => {
  await writeFile(path, "one\ntwo")
  expect(await readExcerpt(path, 7, "start")).toEqual({ text: "one\ntwo", isCut: false })
  expect(await readExcerpt(path, 7, "end")).toEqual({ text: "one\ntwo", isCut: false })
})

it("cuts a larger file at the end of a line, on the side that was asked for", async () => {
  await writeFile(path, "first line\nsecond line\nthird line\n")
  expect(await readExcerpt(path, 15, "start")).toEqual({ text: "first line", isCut: true })
  expect(await readExcerpt(path, 15, "end")).toEqual({ text: "third line\n", isCut: true })
})

it("never shows half a character at the cut", async () => {
  await writeFile(path, "🦀".repeat(100))
  for (const from of ["start", "end"] as const) {
    for (const bytes of [8, 9, 10, 11]) {
      expect(await readExcerpt(path, bytes, from)).toEqual({ text: "🦀🦀", isCut: true })
    }
  }
})

it("reads only the asked piece of a huge file", async () => {
  await writeFile(path, "beginning\n".repeat(10))
  await truncate(path, 8 * 1024 ** 3)
  expect((await readExcerpt(path, 50, "start"))?.text).toMatch(/^beginning\n/)
})

it.each([
  ["a file that is missing", async () => {}],
  ["a folder", () => mkdir(path)],
  ["a binary file", () => writeFile(path, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]))],
  ["text that is not UTF-8", () => writeFile(path, Buffer.from("caf\xe9 au lait", "latin1"))],
  ["a pipe that nobody writes to", async () => void execFileSync("mkfifo", [path])],
])("gives nothing for %s", async (_, make) => {
  await make()
  expect(await readExcerpt(path, 100, "start")).toBeNull()
})
