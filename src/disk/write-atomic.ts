import { randomBytes } from "node:crypto"
import { chownSync, constants, statSync } from "node:fs"
import { copyFile, link, lstat, open, readdir, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { systemCodeOf } from "../domain/file-problem.ts"

/** Readable and writable by the owner only. */
const privateMode = 0o600
/** A stream is asked for anew with each try. */
type Content = string | Uint8Array | (() => Promise<AsyncIterable<Uint8Array>>)
const maxTries = 3

/**
 * Replaces a file so that readers, and a crash at any moment, see the old content or the new one.
 * The temporary file is beside it, for `rename` is atomic only within one file system.
 */
export async function writeAtomic(path: string, text: string, mode = privateMode): Promise<void> {
  const temporary = await writeTemporary(path, text, { mode })
  try {
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(path)
}

/** Removes what a `writeAtomic` of this file left that was killed half-way. */
export function removeTemporaries(path: string): Promise<void> {
  return removeTemporariesIn(dirname(path), `${basename(path)}.`)
}

/** The same for a folder's files whose names begin so. Nobody may be writing them. */
export async function removeTemporariesIn(folder: string, prefix = ""): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCodeOf(error) === "ENOENT") return []
    throw error
  })
  for (const name of names) {
    if (name.startsWith(prefix) && writerOf(name) !== null) await rm(join(folder, name), { force: true })
  }
}

/**
 * Writes a whole file, but only where nothing of that name exists: false when there was something.
 * Also atomic: of two that come at the same time, one wins. `isSynced` false: a power cut may take
 * it back.
 */
export async function createAtomic(path: string, content: Content, isSynced = true): Promise<boolean> {
  // Nearly always it is there: nothing has to be written to find that out.
  if (await isThere(path)) return false
  for (let triesLeft = maxTries - 1; ; triesLeft -= 1) {
    const temporary = await writeTemporary(path, content, { isSynced })
    try {
      await linkOrCopy(temporary, path)
      break
    } catch (error) {
      if (systemCodeOf(error) === "EEXIST") return false
      // Another process that makes the same has taken our temporary file for one that was left
      // (`removeTemporariesIn`).
      if (systemCodeOf(error) !== "ENOENT" || triesLeft === 0) throw error
    } finally {
      await rm(temporary, { force: true })
    }
  }
  if (isSynced) await syncFolder(path)
  return true
}

async function isThere(path: string): Promise<boolean> {
  try {
    // A link that leads nowhere has the name, too.
    await lstat(path)
    return true
  } catch {
    // Whatever is wrong comes up again when it is written.
    return false
  }
}

async function writeTemporary(
  path: string,
  content: Content,
  { mode = privateMode, isSynced = true },
): Promise<string> {
  const temporary = temporaryOf(path)
  const file = await open(temporary, "wx", mode)
  try {
    // The mask of this process must not decide who can read it.
    if (mode !== privateMode) await file.chmod(mode)
    await file.writeFile(typeof content === "function" ? await content() : content)
    if (isSynced) await file.sync()
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    await file.close()
  }
  return temporary
}

/** A hard link fails where the name is taken, unlike `rename`. File systems without: copy. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (systemCodeOf(error) === "EEXIST") throw error
    await copyFile(from, to, constants.COPYFILE_EXCL)
  }
}

/** Makes the new name itself survive a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), "r")
  try {
    await folder.sync()
  } catch {
    // Some file systems refuse to sync a folder; the content is safe either way.
  } finally {
    await folder.close()
  }
}

/**
 * Where a file is written that takes the place of `path` in one step. The name says who writes it:
 * what a killed process has left is told by that from what somebody is writing.
 */
export function temporaryOf(path: string): string {
  return `${path}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`
}

/** The process that wrote such a file; 0: of an earlier release. Null: it is none of these. */
export function writerOf(name: string): number | null {
  const found = temporaryName.exec(name)
  return found === null ? null : Number(found[1] ?? 0)
}

/** The process, where it is said, and random digits: twelve, or a UUID of earlier releases. */
const temporaryName =
  /^.+?(?:\.(\d{1,10}))?\.(?:[0-9a-f]{12}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.tmp$/

/** For root: what it makes in somebody's folder is theirs. Throws the system's errors. */
export function giveToOwner(path: string): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(dirname(path))
  chownSync(path, uid, gid)
}
