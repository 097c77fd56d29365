import { createHash, randomBytes } from "node:crypto"
import { chmod, type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { ownerMakesRoom, storageFailed, systemCodeOf } from "../../domain/file-problem.ts"
import type { FileLedger, FileLibrary, FileQuery, FileRecord, ReceivedUpload } from "../../domain/files.ts"
import type { Log } from "../../domain/log.ts"
import { UploadsUnderWay } from "./uploads-under-way.ts"

export interface DiskFileLibraryOptions {
  /** Absolute; made by `start`. Holds nothing but contents, named by id. */
  readonly folder: string
  readonly ledger: FileLedger
  readonly limits: { readonly fileBytes: number; readonly fileTotalBytes: number }
  readonly now: () => number
  /** The time as far as it is believed: what a wrong date deletes is gone. Default: `now`. */
  readonly believed?: () => number
  readonly log: Log
}

const sweepMs = 10 * 60_000
const expiredPerSweepStep = 100
const idPattern = /^file-[0-9a-f]{32}$/
const partEnding = ".part"
const readChunkBytes = 256 * 1024

/**
 * Uploaded files: the row in the ledger is the truth, the content lies in a folder (0600) under the
 * file's id. Content comes before its row and goes after it, so that a crash leaves at the most a
 * file without a row, which `start` removes.
 */
export class DiskFileLibrary implements FileLibrary {
  readonly #options: DiskFileLibraryOptions
  readonly #uploads: UploadsUnderWay
  #timer: NodeJS.Timeout | null = null
  #count = 0

  constructor(options: DiskFileLibraryOptions) {
    this.#options = options
    this.#uploads = new UploadsUnderWay(options.limits.fileTotalBytes)
  }

  /** Makes the folder, removes what a crash left, and from then on what expires. */
  async start(): Promise<void> {
    const { folder, ledger } = this.#options
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
    const knownSince = await ledger.knownSince()
    for (const name of await readdir(folder)) {
      const isKnown = idPattern.test(name) && (receivedAt(name) < knownSince || (await ledger.hasFile(name)))
      if (!isKnown) await rm(join(folder, name), { force: true, recursive: true })
    }
    await this.sweep()
    this.#timer = setInterval(() => void this.sweep(), sweepMs)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  /** Removes expired files. Never rejects: it runs by the clock. */
  async sweep(): Promise<void> {
    const { ledger, now, believed = now, log } = this.#options
    try {
      for (;;) {
        const ids = await ledger.deleteExpiredFiles(Math.min(now(), believed()), expiredPerSweepStep)
        for (const id of ids) await this.#removeContent(id)
        if (ids.length < expiredPerSweepStep) return
      }
    } catch (error) {
      log("warn", "expired files could not be removed", { error: messageOf(error) })
    }
  }

  async receive(principal: string, content: AsyncIterable<Uint8Array>): Promise<ReceivedUpload> {
    const { ledger, limits } = this.#options
    const underWay = await this.#uploads.begin(principal, () => ledger.totalFileBytes(principal))
    const id = this.#newId()
    const path = `${this.#pathOf(id)}${partEnding}`
    const discard = async () => {
      underWay.end(false)
      await rm(path, { force: true })
    }
    const hash = createHash("sha256")
    let bytes = 0
    let file: FileHandle | null = null
    try {
      file = await this.#create(path)
      for await (const chunk of content) {
        bytes += chunk.length
        if (bytes > limits.fileBytes) throw tooLarge(limits.fileBytes)
        if (!underWay.grow(chunk.length)) throw storageFull(limits.fileTotalBytes)
        hash.update(chunk)
        await file.writeFile(chunk)
      }
      await file.sync()
      await file.close()
    } catch (error) {
      // The first error is the one that is told.
      await file?.close().catch(() => {})
      await discard().catch(() => {})
      throw isOfDisk(error) ? notStored(error) : error
    }
    const sha256 = hash.digest("hex")
    return {
      bytes,
      sha256,
      discard,
      keep: async ({ expiresAfterMs, ...fields }) => {
        const createdAt = this.#options.now()
        const expiresAt = expiresAfterMs === null ? null : createdAt + expiresAfterMs
        const record = { id, principal, bytes, sha256, createdAt, expiresAt, ...fields }
        try {
          await rename(path, this.#pathOf(id))
          if (await ledger.insertFile(record, limits.fileTotalBytes)) {
            underWay.end(true)
            return record
          }
          throw storageFull(limits.fileTotalBytes)
        } catch (error) {
          await discard().catch(() => {})
          await this.#removeContent(id).catch(() => {})
          throw notStored(error)
        }
      },
    }
  }

  async find(principal: string, id: string): Promise<FileRecord> {
    const { ledger, now } = this.#options
    const file = idPattern.test(id) ? await ledger.findFile(principal, id, now()) : null
    if (file === null) throw notFound(id)
    return file
  }

  list(principal: string, query: FileQuery): Promise<readonly FileRecord[]> {
    return this.#options.ledger.listFiles(principal, query, this.#options.now())
  }

  async open(principal: string, id: string): ReturnType<FileLibrary["open"]> {
    const file = await this.find(principal, id)
    try {
      const handle = await open(this.#pathOf(file.id), "r")
      return { file, content: handle.createReadStream({ highWaterMark: readChunkBytes }) }
    } catch (error) {
      if (systemCodeOf(error) !== "ENOENT") {
        throw storageFailed(`The content of ${file.id} cannot be read`, error, ownerMakesRoom)
      }
      throw new ProxyError(
        "file_not_found",
        `The content of '${file.id}' is not on the disk of this service any more: somebody removed it there. Upload the file again.`,
        { cause: error },
      )
    }
  }

  async remove(principal: string, id: string): Promise<void> {
    const { ledger, now } = this.#options
    if (!idPattern.test(id) || !(await ledger.deleteFile(principal, id, now()))) throw notFound(id)
    await this.#removeContent(id)
  }

  /** Also where the folder was removed, but not the home: that one may have been moved away. */
  async #create(path: string): Promise<FileHandle> {
    try {
      return await open(path, "wx", 0o600)
    } catch (error) {
      if (systemCodeOf(error) !== "ENOENT") throw error
      await mkdir(this.#options.folder, { mode: 0o700 })
      return open(path, "wx", 0o600)
    }
  }

  #removeContent(id: string): Promise<void> {
    return rm(this.#pathOf(id), { force: true })
  }

  #pathOf(id: string): string {
    return join(this.#options.folder, id)
  }

  /** In order of creation: time, a counter within a millisecond, and what cannot be guessed. */
  #newId(): string {
    this.#count = (this.#count + 1) % 0x10000
    const time = this.#options.now().toString(16).padStart(12, "0").slice(-12)
    return `file-${time}${this.#count.toString(16).padStart(4, "0")}${randomBytes(8).toString("hex")}`
  }
}

/** See `#newId`; milliseconds since 1970. */
function receivedAt(id: string): number {
  return Number.parseInt(id.slice("file-".length, "file-".length + 12), 16)
}

/** What the client's connection threw stays what it is. */
function isOfDisk(error: unknown): boolean {
  return (
    error instanceof Error &&
    "syscall" in error &&
    ["open", "write", "fsync", "close", "mkdir"].includes(String(error.syscall))
  )
}

function notStored(error: unknown): ProxyError {
  return storageFailed("The file cannot be stored", error, ownerMakesRoom)
}

function tooLarge(limit: number): ProxyError {
  return new ProxyError("body_too_large", `The file is larger than the limit of ${limit} bytes.`, {
    param: "file",
  })
}

function storageFull(limit: number): ProxyError {
  return new ProxyError(
    "file_storage_full",
    `All your files together may have ${limit} bytes. Delete files that you no longer need.`,
    { param: "file" },
  )
}

function notFound(id: string): ProxyError {
  return new ProxyError("file_not_found", `No such file: '${id.slice(0, 100)}'.`)
}
