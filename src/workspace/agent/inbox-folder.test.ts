import { createHash } from "node:crypto"
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import type { InboxFile } from "../../domain/files.ts"
import { clearUnkept, InboxFolder } from "./inbox-folder.ts"

let workspace: string
let inbox: InboxFolder
let reads: number

beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), "inbox-"))
  inbox = new InboxFolder()
  reads = 0
})
afterEach(() => rm(workspace, { recursive: true, force: true }))

function fileOf(text: string, filename: string | null = "a.txt"): InboxFile {
  return {
    filename,
    mimeType: "text/plain",
    bytes: Buffer.byteLength(text),
    sha256: createHash("sha256").update(text).digest("hex"),
    content: async () =>
      (async function* () {
        reads += 1
        yield Buffer.from(text)
      })(),
  }
}

const saved = () => readdir(join(workspace, "inbox"))

it("saves a file for its owner only, under its hash and a harmless form of its name", async () => {
  const file = fileOf("hello", "../../x y.txt")
  const { path, release } = await inbox.save(workspace, file, true)
  expect(path).toBe(join(workspace, "inbox", `${file.sha256.slice(0, 24)}-x_y.txt`))
  expect(await readFile(path, "utf8")).toBe("hello")
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  await release()
  expect(await saved()).toEqual([basename(path)])
})

it("saves the same file once, also when it comes several times at once", async () => {
  const places = await Promise.all([1, 2, 3, 4].map(() => inbox.save(workspace, fileOf("same"), true)))
  const again = await inbox.save(workspace, fileOf("same"), true)
  expect(new Set([...places, again].map(({ path }) => path)).size).toBe(1)
  expect(await saved()).toHaveLength(1)
  const before = reads
  await inbox.save(workspace, fileOf("same"), true)
  expect(reads).toBe(before)
})

it("leaves a file that the agent has changed as it is, and saves the client's beside it", async () => {
  const { path } = await inbox.save(workspace, fileOf("draft"), true)
  await writeFile(path, "DRAFT")
  const { path: second } = await inbox.save(workspace, fileOf("draft"), true)
  expect([await readFile(path, "utf8"), await readFile(second, "utf8")]).toEqual(["DRAFT", "draft"])
  expect((await inbox.save(workspace, fileOf("draft"), true)).path).toBe(second)
})

it("never writes through a link that lies in its way", async () => {
  const { path } = await inbox.save(workspace, fileOf("text"), true)
  await rm(path)
  const outside = join(workspace, "outside")
  await writeFile(outside, "keep")
  await symlink(outside, path)
  const { path: second } = await inbox.save(workspace, fileOf("text"), true)
  expect(second).not.toBe(path)
  expect(await readFile(outside, "utf8")).toBe("keep")
})

it("removes an unkept file when the last turn that needs it is over", async () => {
  const first = await inbox.save(workspace, fileOf("secret"), false)
  const second = await inbox.save(workspace, fileOf("secret"), false)
  expect(first.path).toBe(second.path)
  await first.release()
  await first.release()
  expect(await readFile(first.path, "utf8")).toBe("secret")
  await second.release()
  expect(await readdir(dirname(first.path))).toEqual([])
})

it("keeps a kept file when the same comes unkept as well", async () => {
  const kept = await inbox.save(workspace, fileOf("text"), true)
  const unkept = await inbox.save(workspace, fileOf("text"), false)
  await unkept.release()
  expect(await readFile(kept.path, "utf8")).toBe("text")
})

it("clears what turns of an earlier run left, and nothing else", async () => {
  await inbox.save(workspace, fileOf("secret"), false)
  const kept = await inbox.save(workspace, fileOf("kept"), true)
  await clearUnkept(workspace, (problem) => expect.unreachable(problem))
  expect(await saved()).toEqual([basename(kept.path)])
  expect((await inbox.save(workspace, fileOf("secret"), false)).path).toContain("/unstored/")
})

it("forgets files that nobody has sent for long, and leaves those of others", async () => {
  const old = await inbox.save(workspace, fileOf("old"), true)
  const used = await inbox.save(workspace, fileOf("used"), true)
  const long = new Date(Date.now() - 1_000_000)
  await mkdir(join(workspace, "inbox", "folder"))
  await writeFile(join(workspace, "inbox", "notes.txt"), "mine")
  for (const path of [old.path, used.path, join(workspace, "inbox", "notes.txt")])
    await utimes(path, long, long)
  await inbox.save(workspace, fileOf("used"), true)
  await inbox.deleteUnused(workspace, Date.now() - 500_000)
  expect((await saved()).sort()).toEqual([basename(used.path), "folder", "notes.txt"].sort())
})

it("takes a tenth and ten more of them at once, those first that were used longest ago", async () => {
  const files = Array.from({ length: 20 }, (_, index) => fileOf(`number ${index}`))
  const paths: string[] = []
  for (const [index, file] of files.entries()) {
    const { path } = await inbox.save(workspace, file, true)
    await utimes(path, new Date(1_000 * index), new Date(1_000 * index))
    paths.push(path)
  }
  await inbox.deleteUnused(workspace, Date.now())
  expect((await saved()).sort()).toEqual(
    paths
      .slice(12)
      .map((path) => basename(path))
      .sort(),
  )
})

it("leaves no half of a file whose content breaks off", async () => {
  const broken: InboxFile = {
    ...fileOf("text"),
    content: async () =>
      (async function* () {
        yield Buffer.from("te")
        throw new Error("gone")
      })(),
  }
  await expect(inbox.save(workspace, broken, true)).rejects.toThrow("gone")
  await expect(inbox.save(workspace, broken, false)).rejects.toThrow("gone")
  expect(await saved()).toEqual(["unstored"])
  expect(await readdir(join(workspace, "inbox", "unstored"))).toEqual([])
})
