import { createHash } from "node:crypto"
import { lstat, readdir, rm, rmdir } from "node:fs/promises"
import { join } from "node:path"
import { type HeldFolder, inFolder, type OwnFolder, RefusedEntryError } from "../../disk/held-folder.ts"
import { openEntry } from "../../disk/own-file.ts"
import { createAtomic } from "../../disk/write-atomic.ts"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { safeFileName } from "../../domain/file-name.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"
import type { Inbox, InboxFile, InboxPlace } from "../../domain/files.ts"

const folderName = "inbox"
/** Files of turns that leave nothing behind. */
const unkeptName = "unstored"
/** Of the content's hash, in the file's name: nobody can make two contents for one name. */
const hashDigits = 24
/** An agent may change a file in its inbox; the client's own content is then saved beside it. */
const maxVersions = 20
const savedPattern = new RegExp(`^[0-9a-f]{${hashDigits}}-`)

/**
 * `inbox/` of the agents' workspaces. A file's name is the hash of its content and a harmless form
 * of the client's name: the same file comes to lie at the same place, and is written once.
 */
export class InboxFolder implements Inbox {
  /** Unkept files by their usual path: how many turns need them, and the names they have got. */
  readonly #unkept = new Map<string, { users: number; readonly names: Set<string> }>()

  async save(workspace: string, file: InboxFile, isKept: boolean): Promise<InboxPlace> {
    const folder = isKept ? folderName : `${folderName}/${unkeptName}`
    const place = { root: workspace, folder, isMade: true }
    if (isKept) return { path: join(workspace, folder, await saveIn(place, file)), release: async () => {} }

    const key = join(workspace, folder, nameOf(file, 1))
    const entry = this.#unkept.get(key) ?? { users: 0, names: new Set() }
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
      await unlessGone(() =>
        inFolder({ root: workspace, folder }, async (held) => {
          for (const name of entry.names) await rm(join(held.path, name), { force: true })
        }),
      )
    }
    try {
      const name = await saveIn(place, file)
      entry.names.add(name)
      return { path: join(workspace, folder, name), release }
    } catch (error) {
      await release()
      throw error
    }
  }

  /** What others put into the inbox stays: our names begin with a hash. */
  async deleteUnused(workspace: string, time: number): Promise<void> {
    await unlessGone(() =>
      inFolder({ root: workspace, folder: folderName }, async (folder) => {
        const saved: { readonly path: string; readonly usedAt: number }[] = []
        for (const name of await readdir(folder.path)) {
          if (!savedPattern.test(name)) continue
          const path = join(folder.path, name)
          const stats = await lstat(path)
          if (stats.isFile()) saved.push({ path, usedAt: stats.mtimeMs })
        }
        const unused = saved.filter(({ usedAt }) => usedAt < time).sort((a, b) => a.usedAt - b.usedAt)
        const share = Math.ceil(saved.length / 10) + 10
        for (const { path } of unused.slice(0, share)) await rm(path, { force: true })
      }),
    )
  }
}

/**
 * Removes what turns that leave nothing behind left nevertheless, because the service ended before
 * them. What an agent has made there itself stays. Never rejects: `onProblem` is told.
 */
export async function clearUnkept(workspace: string, onProblem: (problem: string) => void): Promise<void> {
  try {
    await unlessGone(() =>
      inFolder({ root: workspace, folder: `${folderName}/${unkeptName}` }, async ({ path }) => {
        for (const name of await readdir(path)) {
          if (savedPattern.test(name)) await rm(join(path, name), { force: true })
        }
      }),
    )
    await unlessGone(() =>
      inFolder({ root: workspace, folder: folderName }, ({ path }) => rmdir(join(path, unkeptName))),
    )
  } catch (error) {
    if (systemCodeOf(error) !== "ENOTEMPTY") onProblem(messageOf(error))
  }
}

/** The name that it has got. Rejects with `ProxyError` where the inbox is no folder. */
async function saveIn(place: OwnFolder, file: InboxFile): Promise<string> {
  try {
    return await inFolder(place, (folder) => saveUnderFreeName(folder, file))
  } catch (error) {
    if (!(error instanceof RefusedEntryError)) throw error
    const message = `The file cannot be handed to the agent: its inbox ${error.problem}. Its owner has to put a folder there.`
    throw new ProxyError("storage_failed", message, { cause: error })
  }
}

async function saveUnderFreeName(folder: HeldFolder, file: InboxFile): Promise<string> {
  for (let version = 1; version <= maxVersions; version += 1) {
    const name = nameOf(file, version)
    if (await isSame(folder, name, file)) return name
    if (await createAtomic(join(folder.path, name), () => file.content(), false)) return name
    // Another request may just have written the same: look before the next name is tried.
    if (await isSame(folder, name, file)) return name
  }
  throw new Error(`there are ${maxVersions} changed versions of ${nameOf(file, 1)} in the inbox`)
}

/** For clearing up: where there is no folder any more there is nothing of ours. */
async function unlessGone(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT" && !(error instanceof RefusedEntryError)) throw error
  }
}

function nameOf(file: InboxFile, version: number): string {
  const mark = version === 1 ? "" : `${version}-`
  return `${file.sha256.slice(0, hashDigits)}-${mark}${safeFileName(file.filename, file.mimeType)}`
}

/** True: it is there already, and marked as used now. */
async function isSame(folder: HeldFolder, name: string, file: InboxFile): Promise<boolean> {
  try {
    const handle = await openEntry(folder, name)
    try {
      if ((await handle.stat()).size !== file.bytes) return false
      const hash = createHash("sha256")
      for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk)
      if (hash.digest("hex") !== file.sha256) return false
      const now = new Date()
      await handle.utimes(now, now)
      return true
    } finally {
      await handle.close()
    }
  } catch (error) {
    // What lies there under that name is somebody else's.
    if (systemCodeOf(error) === "ENOENT" || error instanceof RefusedEntryError) return false
    throw error
  }
}
