import { execFileSync } from "node:child_process"
import { once } from "node:events"
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { readFile, rename, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:net"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { become, becomeOneself, eachUser } from "../../test/support/each-user.ts"
import { createTempDir, type TempDir } from "../../test/support/temp-dir.ts"
import { HeldFolder, inFolder, inFolderOf, RefusedEntryError } from "./held-folder.ts"
import {
  openToAppend,
  readOwnFile,
  readOwnFileSync,
  removeOwnFileSync,
  replaceOwnFileSync,
} from "./own-file.ts"

let all: TempDir
/** The agent's folder. */
let root: string
/** What is not the agent's. */
let outside: string
let server: Server | null = null

async function append(path: string, text: string): Promise<void> {
  await inFolderOf({ root, path }, true, async (folder, name) => {
    const file = await openToAppend(folder, name)
    await file.appendFile(text).finally(() => file.close())
  })
}

/** All that the service does with a file. */
const uses: readonly [string, (path: string) => Promise<unknown>][] = [
  ["read", (path) => readOwnFile({ root, path }, 1000)],
  ["read without waiting", async (path) => readOwnFileSync({ root, path }, 1000)],
  ["added to", (path) => append(path, "more")],
]

const kinds: readonly [string, string, (path: string) => Promise<void>][] = [
  ["a link", "is a symbolic link", async (path) => symlinkSync(join(outside, "file"), path)],
  [
    "a link that leads nowhere",
    "is a symbolic link",
    async (path) => symlinkSync(join(outside, "new"), path),
  ],
  ["a pipe", "is a named pipe and not a file", async (path) => void execFileSync("mkfifo", [path])],
  ["a folder", "is a folder and not a file", async (path) => mkdirSync(path)],
  [
    "a socket",
    "is a socket and not a file",
    async (path) => {
      server = createServer().listen(path)
      await once(server, "listening")
    },
  ],
]

describe.each(eachUser)("the files of an agent's folder, as $user,", ({ uid }) => {
  beforeEach(async () => {
    all = await createTempDir("own-files")
    become(uid, all.path)
    root = join(all.path, "agent")
    outside = join(all.path, "outside")
    for (const folder of [root, outside]) mkdirSync(folder)
    writeFileSync(join(outside, "file"), "theirs\n")
  })
  afterEach(async () => {
    becomeOneself()
    server?.close()
    server = null
    await all.remove()
  })

  const outsideAsItWas = () => {
    expect(readdirSync(outside)).toEqual(["file"])
    expect(readFileSync(join(outside, "file"), "utf8")).toBe("theirs\n")
  }

  it("are made with the folders on the way, for their owner only", async () => {
    await append("a/b/file", "one\n")
    await append("a/b/file", "two\n")
    expect(await readOwnFile({ root, path: "a/b/file" }, 1000)).toEqual(Buffer.from("one\ntwo\n"))
    replaceOwnFileSync({ root, path: "c/file" }, "three")
    expect(readOwnFileSync({ root, path: "c/file" }, 1000).toString()).toBe("three")
    const modes = ["a", "a/b", "a/b/file", "c/file"].map((path) => statSync(join(root, path)).mode & 0o777)
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600])
    removeOwnFileSync({ root, path: "c/file" })
    removeOwnFileSync({ root, path: "nowhere/file" })
    expect(readdirSync(join(root, "c"))).toEqual([])
  })

  it.each(
    uses.flatMap(([use, work]) => kinds.map(([kind, problem, make]) => ({ use, work, kind, problem, make }))),
  )("are not $use where there is $kind instead, and nobody waits", async ({ work, problem, make }) => {
    mkdirSync(join(root, "notes"))
    await make(join(root, "notes/file"))
    const tried = work("notes/file")
    await expect(tried).rejects.toBeInstanceOf(RefusedEntryError)
    await expect(tried).rejects.toThrow(`${join(root, "notes/file")} ${problem}`)
    outsideAsItWas()
  })

  it("are not opened where there is a device instead", async () => {
    const tried = readOwnFile({ root: "/dev", path: "null" }, 1000)
    await expect(tried).rejects.toThrow("/dev/null is a device and not a file")
  })

  it("are put in the place of a link, which leads nowhere then", async () => {
    mkdirSync(join(root, "control"))
    symlinkSync(join(outside, "file"), join(root, "control/file"))
    replaceOwnFileSync({ root, path: "control/file" }, "ours")
    expect(lstatSync(join(root, "control/file")).isFile()).toBe(true)
    removeOwnFileSync({ root, path: "control/file" })
    outsideAsItWas()
  })

  it.each([true, false])("are reached by no link on the way, by descriptor: %s", async (byDescriptor) => {
    mkdirSync(join(root, "a"))
    symlinkSync(outside, join(root, "a/link"))
    writeFileSync(join(root, "a/plain"), "")
    execFileSync("mkfifo", [join(root, "a/pipe")])
    const open = (folder: string, isMade = false) => new HeldFolder({ root, folder, isMade }, byDescriptor)
    for (const isMade of [false, true]) {
      expect(() => open("a/link", isMade)).toThrow(`${root}/a/link is a symbolic link`)
      expect(() => open("a/link/below", isMade)).toThrow(`${root}/a/link is a symbolic link`)
      expect(() => open("a/plain", isMade)).toThrow(`${root}/a/plain is a file and not a folder`)
      expect(() => open("a/pipe", isMade)).toThrow(`${root}/a/pipe is a named pipe and not a folder`)
    }
    expect(() => open("a/new")).toThrow("ENOENT")
    const made = open("a/new/er", true)
    expect(made.name).toBe(`${root}/a/new/er`)
    await writeFile(join(made.path, "file"), "ours")
    made.close()
    expect(await readFile(join(root, "a/new/er/file"), "utf8")).toBe("ours")
    outsideAsItWas()
  })

  it("that are named by a link on the way are neither read, written, replaced nor removed", async () => {
    symlinkSync(outside, join(root, "notes"))
    for (const [, work] of uses) {
      await expect(work("notes/file")).rejects.toThrow(`${root}/notes is a symbolic link`)
    }
    expect(() => replaceOwnFileSync({ root, path: "notes/file" }, "ours")).toThrow("is a symbolic link")
    expect(() => removeOwnFileSync({ root, path: "notes/file" })).toThrow("is a symbolic link")
    outsideAsItWas()
  })

  it.skipIf(process.platform !== "linux")(
    "come to lie in the folder that was opened, whatever takes its place meanwhile",
    async () => {
      await inFolder({ root, folder: "notes", isMade: true }, async ({ path }) => {
        renameSync(join(root, "notes"), join(root, "moved"))
        symlinkSync(outside, join(root, "notes"))
        await writeFile(join(path, "file.tmp"), "ours")
        await rename(join(path, "file.tmp"), join(path, "file"))
      })
      outsideAsItWas()
      expect(readFileSync(join(root, "moved/file"), "utf8")).toBe("ours")
    },
  )

  it("that have a second name outside are copied before they are added to", async () => {
    mkdirSync(join(root, "notes"))
    linkSync(join(outside, "file"), join(root, "notes/file"))
    await append("notes/file", "ours\n")
    outsideAsItWas()
    expect(readFileSync(join(root, "notes/file"), "utf8")).toBe("theirs\nours\n")
    expect(readdirSync(join(root, "notes"))).toEqual(["file"])
  })

  it("are named as people know them when the system refuses", async () => {
    mkdirSync(join(root, "notes"))
    const failed = inFolder({ root, folder: "notes" }, ({ path }) => readFile(join(path, "file")))
    await expect(failed).rejects.toThrow(
      `ENOENT: no such file or directory, open '${join(root, "notes/file")}'`,
    )
  })
})
