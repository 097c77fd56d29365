import { execFileSync } from "node:child_process"
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { readExcerpt } from "./read-excerpt.ts"

let folder: string
let path: string
const own = () => ({ root: folder, path: "file" })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "excerpt-"))
  path = join(folder, "file")
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

it("gives a small file whole", async () => {
  await writeFile(path, "one\ntwo")
  expect(await readExcerpt(own(), 7, "start")).toEqual({ text: "one\ntwo", isCut: false })
  expect(await readExcerpt(own(), 7, "end")).toEqual({ text: "one\ntwo", isCut: false })
})

it("cuts a larger file at the end of a line, on the side that was asked for", async () => {
  await writeFile(path, "first line\nsecond line\nthird line\n")
  expect(await readExcerpt(own(), 15, "start")).toEqual({ text: "first line", isCut: true })
  expect(await readExcerpt(own(), 15, "end")).toEqual({ text: "third line\n", isCut: true })
})

it("never shows half a character at the cut", async () => {
  await writeFile(path, "🦀".repeat(100))
  for (const from of ["start", "end"] as const) {
    for (const bytes of [8, 9, 10, 11]) {
      expect(await readExcerpt(own(), bytes, from)).toEqual({ text: "🦀🦀", isCut: true })
    }
  }
})

it("reads only the asked piece of a huge file", async () => {
  await writeFile(path, "beginning\n".repeat(10))
  await truncate(path, 8 * 1024 ** 3)
  expect((await readExcerpt(own(), 50, "start"))?.text).toMatch(/^beginning\n/)
})

it("gives nothing for a file that is missing", async () => {
  expect(await readExcerpt(own(), 100, "start")).toBeNull()
})

it.each([
  ["a folder", "is a folder and not a file", () => mkdir(path)],
  [
    "a pipe that nobody writes to",
    "is a named pipe and not a file",
    async () => void execFileSync("mkfifo", [path]),
  ],
  ["a link", "is a symbolic link", () => symlink("/etc/hosts", path)],
  ["a binary file", "is no text", () => writeFile(path, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]))],
  [
    "bytes of every value",
    "is no text",
    () =>
      writeFile(
        path,
        Uint8Array.from({ length: 100_000 }, (_, index) => index * 167),
      ),
  ],
  ["UTF-16 without a byte order mark", "is no text", () => writeFile(path, "text", "utf16le")],
])("says of %s that it %s", async (_, problem, make) => {
  await make()
  await expect(readExcerpt(own(), 100, "start")).rejects.toThrow(`${path} ${problem}`)
})

it.each([
  ["text that is not UTF-8", Buffer.from("caf\xe9 au lait", "latin1"), "caf\uFFFD au lait"],
  ["a byte order mark", Buffer.from("\uFEFFone"), "one"],
  ["a NUL that a power cut has left", Buffer.from(`one\0${"text ".repeat(10)}`), `one${"text ".repeat(10)}`],
  [
    "what a terminal has printed",
    Buffer.from("\u001b[1mone\u001b[0m\ttwo\r\n"),
    "\u001b[1mone\u001b[0m\ttwo\r\n",
  ],
])("gives %s as text", async (_, bytes, text) => {
  await writeFile(path, bytes)
  expect(await readExcerpt(own(), 100, "start")).toEqual({ text, isCut: false })
})
