import { createHash, randomBytes } from "node:crypto"
import { createReadStream } from "node:fs"
import { lstat, mkdir, open, readdir, rm, utimes } from "node:fs/promises"
import { join } from "node:path"
import { safeFileName } from "../domain/file-name.ts"
import type { Inbox, InboxFile, InboxPlace } from "../domain/files.ts"
import { codeOf, linkOrCopy } from "./write-atomic.ts"

const folderName = "inbox"
/** Files of turns that leave nothing behind. */
const unkeptName = "unstored"
/** Of the content's hash, in the file's name: enough that nobody can make two contents for one name. */
const hashDigits = 24
/** An agent may have changed a file in its inbox; the client's own content is then saved beside it. */
const maxVersions = 20
const savedPattern = new RegExp(`^[0-9a-f]{${hashDigits}}-`)

/**
 * `inbox/` of the agents' workspaces. A file's name is the hash of its content and a harmless form of the client's
 * name: the same file comes to lie at the same place, and is written once.
 */
export class InboxFolder implements Inbox {
  /** Unkept files by their usual path: how many turns still need them, and where they were written. */
  readonly #unkept = new Map<string, { users: number; readonly paths: Set<string> }>()

  async save(workspace: string, file: InboxFile, isKept: boolean): Promise<InboxPlace> {
    const folder = join(workspace, folderName, ...(isKept ? [] : [unkeptName]))
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if (isKept) return { path: await saveIn(folder, file), release: async () => {} }

    const key = join(folder, nameOf(file, 1))
    const entry = this.#unkept.get(key) ?? { users: 0, paths: new Set() }
    // Counted before it is written: the end of another turn must not take it away in between.
    entry.users += 1
    this.#unkept.set(key, entry)
    let isReleased = false
    const release = async () => {
      if (isReleased) return
      isReleased = true
      entry.users -= 1
      if (entry.users > 0) return
      this.#unkept.delete(key)
      for (const path of entry.paths) await rm(path, { force: true })
    }
    try {
      const path = await saveIn(folder, file)
      entry.paths.add(path)
      return { path, release }
    } catch (error) {
      await release()
      throw error
    }
  }

  /** What others put into the inbox stays: our names begin with a hash. */
  async deleteUnused(workspace: string, time: number): Promise<void> {
    const folder = join(workspace, folderName)
    for (const name of await readdir(folder)) {
      if (!savedPattern.test(name)) continue
      const path = join(folder, name)
      const stats = await lstat(path)
      if (stats.isFile() && stats.mtimeMs < time) await rm(path, { force: true })
    }
  }
}

/** Removes what turns that leave nothing behind left nevertheless, because the service ended before them. */
export async function clearUnkept(workspace: string): Promise<void> {
  await rm(join(workspace, folderName, unkeptName), { recursive: true, force: true })
}

async function saveIn(folder: string, file: InboxFile): Promise<string> {
  for (let version = 1; version <= maxVersions; version += 1) {
    const path = join(folder, nameOf(file, version))
    if (await isSame(path, file)) {
      const now = new Date()
      await utimes(path, now, now)
      return path
    }
    if (await write(path, file)) return path
    // Another request may just have written the same: look before the next name is tried.
    if (await isSame(path, file)) return path
  }
  throw new Error(`there are ${maxVersions} changed versions of ${nameOf(file, 1)} in the inbox`)
}

function nameOf(file: InboxFile, version: number): string {
  const mark = version === 1 ? "" : `${version}-`
  return `${file.sha256.slice(0, hashDigits)}-${mark}${safeFileName(file.filename, file.mimeType)}`
}

async function isSame(path: string, file: InboxFile): Promise<boolean> {
  try {
    const stats = await lstat(path)
    if (!stats.isFile() || stats.size !== file.bytes) return false
    const hash = createHash("sha256")
    for await (const chunk of createReadStream(path)) hash.update(chunk)
    return hash.digest("hex") === file.sha256
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false
    throw error
  }
}

/** False: something of that name is there. Readers see the whole file or none. */
async function write(path: string, file: InboxFile): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`
  const handle = await open(temporary, "wx", 0o600)
  try {
    for await (const chunk of await file.content()) await handle.writeFile(chunk)
    await handle.close()
    await linkOrCopy(temporary, path)
    return true
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false
    throw error
  } finally {
    await handle.close().catch(() => {
      // Closed already, or broken: the error that matters is on its way.
    })
    await rm(temporary, { force: true })
  }
}
