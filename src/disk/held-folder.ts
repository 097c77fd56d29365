import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  type Stats,
} from "node:fs"
import { basename, dirname } from "node:path"
import { systemCodeOf } from "../domain/file-problem.ts"

/** A folder of an agent. */
export interface OwnFolder {
  /** Absolute path of the agent's own folder. Links on the way to it are the owner's: followed. */
  readonly root: string
  /** Below it, with `/` between its parts: `control/exec-threads`; empty: the root itself. */
  readonly folder: string
  /** What is missing of `folder` is made, for this user only. */
  readonly isMade?: boolean
}

/** A file below an agent's folder, with `/` between the parts of `path`. */
export interface OwnPath {
  readonly root: string
  readonly path: string
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants
/** Node has no `openat`. Linux has paths of descriptors; elsewhere each step is looked at. */
const hasDescriptorPaths = existsSync("/proc/self/fd")

/**
 * A folder held open: what is done by its `path` is done in this very folder, whatever an agent
 * puts in the place of its name meanwhile. No step from the root to it was a link. To be closed;
 * see `inFolder`.
 */
export class HeldFolder {
  /** To be joined with one name. On Linux it is good until `close`. */
  readonly path: string
  /** As people know it. */
  readonly name: string
  readonly #descriptor: number | null

  /** Throws `RefusedEntryError`, and the system's errors. `byDescriptor` is there for tests. */
  constructor({ root, folder, isMade = false }: OwnFolder, byDescriptor = hasDescriptorPaths) {
    const parts = folder.split("/").filter((part) => part !== "" && part !== ".")
    this.name = [root, ...parts].join("/")
    if (byDescriptor) {
      this.#descriptor = descend(root, parts, isMade)
      this.path = `/proc/self/fd/${this.#descriptor}`
    } else {
      this.#descriptor = null
      this.path = walk(root, parts, isMade)
    }
  }

  /** Safe once. */
  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor)
  }
}

/** Rejects with `RefusedEntryError` where a step is no folder, as `use` does, or the system. */
export async function inFolder<T>(place: OwnFolder, use: (folder: HeldFolder) => Promise<T>): Promise<T> {
  const folder = new HeldFolder(place)
  try {
    return await use(folder)
  } catch (error) {
    throw named(error, folder)
  } finally {
    folder.close()
  }
}

/** With the folder that a file is in, and the file's name in it. `isMade`: see `OwnFolder`. */
export function inFolderOf<T>(
  { root, path }: OwnPath,
  isMade: boolean,
  use: (folder: HeldFolder, name: string) => Promise<T>,
): Promise<T> {
  return inFolder({ root, folder: dirname(path), isMade }, (folder) => use(folder, basename(path)))
}

/** `inFolder` without waiting. */
export function inFolderSync<T>(place: OwnFolder, use: (folder: HeldFolder) => T): T {
  const folder = new HeldFolder(place)
  try {
    return use(folder)
  } catch (error) {
    throw named(error, folder)
  } finally {
    folder.close()
  }
}

/** People cannot do anything with the path of a descriptor. */
function named(error: unknown, { path, name }: HeldFolder): unknown {
  if (error instanceof Error && path !== name) error.message = error.message.replaceAll(path, name)
  return error
}

function descend(root: string, parts: readonly string[], isMade: boolean): number {
  let descriptor = openSync(root, O_RDONLY | O_DIRECTORY)
  let name = root
  for (const part of parts) {
    const at = `/proc/self/fd/${descriptor}/${part}`
    name = `${name}/${part}`
    try {
      const next = step(at, name, isMade, () =>
        openSync(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK),
      )
      closeSync(descriptor)
      descriptor = next
    } catch (error) {
      closeSync(descriptor)
      throw error instanceof Error ? withName(error, at, name) : error
    }
  }
  return descriptor
}

function walk(root: string, parts: readonly string[], isMade: boolean): string {
  let path = realpathSync(root)
  let name = root
  for (const part of parts) {
    path = `${path}/${part}`
    name = `${name}/${part}`
    const isFolder = step(path, name, isMade, () => lstatSync(path).isDirectory())
    if (!isFolder) throw refusedEntry(name, path, "folder")
  }
  return path
}

/** One step down, which may have to be made first. */
function step<T>(at: string, name: string, isMade: boolean, go: () => T): T {
  try {
    return go()
  } catch (error) {
    if (["ELOOP", "ENOTDIR"].includes(systemCodeOf(error))) throw refusedEntry(name, at, "folder")
    if (systemCodeOf(error) !== "ENOENT" || !isMade) throw error
  }
  try {
    mkdirSync(at, { mode: 0o700 })
  } catch (error) {
    // Somebody else has just made it, or put something there.
    if (systemCodeOf(error) !== "EEXIST") throw error
  }
  try {
    return go()
  } catch (error) {
    throw ["ELOOP", "ENOTDIR"].includes(systemCodeOf(error)) ? refusedEntry(name, at, "folder") : error
  }
}

function withName(error: Error, at: string, name: string): Error {
  error.message = error.message.replaceAll(at, name)
  return error
}

/** What lies where a file or a folder should be is something else, and was left alone. */
export class RefusedEntryError extends Error {
  /** As people know it. */
  readonly path: string
  /** The rest of the sentence that begins with the path: `is a named pipe and not a file`. */
  readonly problem: string

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`)
    this.name = "RefusedEntryError"
    this.path = path
    this.problem = problem
  }
}

/** For an entry that is not what was `wanted`. `at`: where it can be looked at. */
export function refusedEntry(path: string, at: string, wanted: "file" | "folder"): RefusedEntryError {
  const kind = kindOf(lstatSync(at, { throwIfNoEntry: false }))
  const rule =
    kind === "a symbolic link" ? ": the service follows none in an agent's folder" : ` and not a ${wanted}`
  return new RefusedEntryError(path, `is ${kind}${rule}`)
}

function kindOf(stats: Stats | undefined): string {
  if (stats === undefined) return "gone"
  if (stats.isSymbolicLink()) return "a symbolic link"
  if (stats.isDirectory()) return "a folder"
  if (stats.isFIFO()) return "a named pipe"
  if (stats.isSocket()) return "a socket"
  return stats.isFile() ? "a file" : "a device"
}
