import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { type FileHandle, open, rename, rm } from "node:fs/promises"
import { basename, dirname } from "node:path"
import { systemCodeOf } from "../domain/file-problem.ts"
import {
  type HeldFolder,
  inFolderOf,
  inFolderSync,
  type OwnPath,
  RefusedEntryError,
  refusedEntry,
} from "./held-folder.ts"
import { createAtomic, temporaryOf, writeAtomic } from "./write-atomic.ts"

const { O_RDONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_NONBLOCK } = constants
/** macOS refuses links in the whole path (`O_NOFOLLOW_ANY`): it has no descriptor's path. */
const noLinks = process.platform === "darwin" ? 0x2000_0000 : constants.O_NOFOLLOW
/** Of a file with a second name, which is copied before it is written to. */
const maxCopiedBytes = 16 * 1024 * 1024

/**
 * Opens a plain file of a folder that is held; to be closed. Never waits, whatever lies there.
 * Rejects with `RefusedEntryError` for all else, and the system's errors.
 */
export async function openEntry(folder: HeldFolder, name: string, flags = O_RDONLY): Promise<FileHandle> {
  const at = `${folder.path}/${name}`
  let file: FileHandle
  try {
    // Without O_NONBLOCK the opening of a named pipe waits for somebody at its other end, for ever.
    file = await open(at, flags | noLinks | O_NONBLOCK, 0o600)
  } catch (error) {
    throw isRefusal(error) ? refusedEntry(`${folder.name}/${name}`, at, "file") : error
  }
  try {
    if (!(await file.stat()).isFile()) throw refusedEntry(`${folder.name}/${name}`, at, "file")
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/**
 * Opens a plain file to add to its end, and makes it where it is missing. One that has a second
 * name (a hard link) somewhere is replaced by a copy before: what is added must not come to stand
 * in a file outside of the agent's folder, or in somebody's backup.
 */
export async function openToAppend(folder: HeldFolder, name: string): Promise<FileHandle> {
  const file = await openEntry(folder, name, O_RDWR | O_APPEND | O_CREAT)
  try {
    const { nlink, size, mode } = await file.stat()
    if (nlink <= 1) return file
    const named = `${folder.name}/${name}`
    if (size > maxCopiedBytes)
      throw new RefusedEntryError(named, "has a second name, and is too large to be copied")
    const temporary = temporaryOf(`${folder.path}/${name}`)
    // It is added to as it is: opened by its name again, it could be another one with a second name
    // by then.
    const copy = await open(temporary, O_RDWR | O_APPEND | O_CREAT | O_EXCL, mode & 0o777)
    try {
      await copy.writeFile(await file.readFile())
      await rename(temporary, `${folder.path}/${name}`)
    } catch (error) {
      await copy.close()
      await rm(temporary, { force: true })
      throw error
    }
    await file.close()
    return copy
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The whole of a plain file. Rejects also where it has more than `maxBytes`. */
export async function readEntry(folder: HeldFolder, name: string, maxBytes: number): Promise<Buffer> {
  const file = await openEntry(folder, name)
  try {
    const { size } = await file.stat()
    if (size > maxBytes)
      throw new RefusedEntryError(`${folder.name}/${name}`, `is larger than ${maxBytes} bytes`)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/** `readEntry` in a folder that is not held. */
export function readOwnFile(own: OwnPath, maxBytes: number): Promise<Buffer> {
  return inFolderOf(own, false, (folder, name) => readEntry(folder, name, maxBytes))
}

/** `writeAtomic` below an agent's folder. */
export function writeOwnFile(own: OwnPath, text: string): Promise<void> {
  return inFolderOf(own, false, (folder, name) => writeAtomic(`${folder.path}/${name}`, text))
}

/** `createAtomic` below an agent's folder. */
export function createOwnFile(own: OwnPath, text: string): Promise<boolean> {
  return inFolderOf(own, false, (folder, name) => createAtomic(`${folder.path}/${name}`, text))
}

/** Without waiting. */
export function readOwnFileSync({ root, path }: OwnPath, maxBytes: number): Buffer {
  return inFolderSync({ root, folder: dirname(path) }, (folder) => {
    const name = basename(path)
    const at = `${folder.path}/${name}`
    let descriptor: number
    try {
      descriptor = openSync(at, O_RDONLY | noLinks | O_NONBLOCK)
    } catch (error) {
      throw isRefusal(error) ? refusedEntry(`${folder.name}/${name}`, at, "file") : error
    }
    try {
      const stats = fstatSync(descriptor)
      if (!stats.isFile()) throw refusedEntry(`${folder.name}/${name}`, at, "file")
      if (stats.size > maxBytes)
        throw new RefusedEntryError(`${folder.name}/${name}`, `is larger than ${maxBytes} bytes`)
      return readFileSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  })
}

/**
 * Replaces a file by `rename`, so that a crash leaves the old one or the new one; not synced.
 * Without waiting: the trips to the thread pool would take longer than so small a file.
 */
export function replaceOwnFileSync({ root, path }: OwnPath, text: string): void {
  inFolderSync({ root, folder: dirname(path), isMade: true }, (folder) => {
    const target = `${folder.path}/${basename(path)}`
    const temporary = temporaryOf(target)
    try {
      writeFileSync(temporary, text, { mode: 0o600, flag: "wx" })
      renameSync(temporary, target)
    } catch (error) {
      rmSync(temporary, { force: true })
      throw error
    }
  })
}

/** Harmless where there is none. */
export function removeOwnFileSync({ root, path }: OwnPath): void {
  try {
    inFolderSync({ root, folder: dirname(path) }, (folder) =>
      rmSync(`${folder.path}/${basename(path)}`, { force: true }),
    )
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT") throw error
  }
}

/** ENXIO: a socket, or a pipe that nobody reads. */
function isRefusal(error: unknown): boolean {
  return ["ELOOP", "ENXIO", "EISDIR", "EMLINK", "EOPNOTSUPP"].includes(systemCodeOf(error))
}
