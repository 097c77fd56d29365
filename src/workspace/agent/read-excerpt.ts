import { lstatSync } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import { join } from "node:path"
import { inFolderOf, type OwnPath, RefusedEntryError } from "../../disk/held-folder.ts"
import { openEntry } from "../../disk/own-file.ts"
import { messageOf } from "../../domain/errors.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"
import { decodeText, encodingOf, pieceOf, type TextEncoding } from "./text-file.ts"

/** A bounded piece of a text file. */
export interface Excerpt {
  readonly text: string
  /** True: the file has more than this. */
  readonly isCut: boolean
}

/** The first and the last lines of a text file; all of a short one is in `start`. */
export interface BothEnds {
  readonly start: string
  readonly end: string
  /** Of the file, between the two. */
  readonly omittedBytes: number
}

/**
 * Reads at most `maxBytes` of a file, from its beginning or its end, cut at a line's end where
 * there is one. Null: it is missing. Rejects with `RefusedEntryError` for what is no plain file or
 * no text, and the system's errors: an agent may have put anything there.
 */
export function readExcerpt(own: OwnPath, maxBytes: number, from: "start" | "end"): Promise<Excerpt | null> {
  return withTextFile(own, async ({ read, size, textOf }) => {
    const isCut = size > maxBytes
    const { text } = textOf(await read(from, Math.min(maxBytes, size)), isCut ? from : null)
    return { text, isCut }
  })
}

/** The same of both ends, each at most half of `maxBytes`; or of the whole, where it is short. */
export function readBothEnds(own: OwnPath, maxBytes: number): Promise<BothEnds | null> {
  return withTextFile(own, async ({ read, size, textOf }) => {
    if (size <= maxBytes)
      return { start: textOf(await read("start", size), null).text, end: "", omittedBytes: 0 }
    const half = Math.floor(maxBytes / 2)
    const start = textOf(await read("start", half), "start")
    const end = textOf(await read("end", half), "end")
    const omittedBytes = size - 2 * half + start.droppedBytes + end.droppedBytes
    return { start: start.text, end: end.text, omittedBytes }
  })
}

interface TextFile {
  /** Without its byte order mark. */
  readonly size: number
  read(from: "start" | "end", length: number): Promise<Buffer>
  /** Throws for what is no text. */
  textOf(bytes: Buffer, cut: "start" | "end" | null): { readonly text: string; readonly droppedBytes: number }
}

async function withTextFile<T>(own: OwnPath, use: (file: TextFile) => Promise<T>): Promise<T | null> {
  try {
    return await inFolderOf(own, false, async (folder, name) => {
      const file = await openEntry(folder, name)
      try {
        return await use(await textFile(file, `${folder.name}/${name}`))
      } finally {
        await file.close()
      }
    })
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return null
    throw error
  }
}

async function textFile(file: FileHandle, named: string): Promise<TextFile> {
  const { size: all } = await file.stat()
  const encoding = encodingOf(await pieceOf(file, 0, 3))
  const size = all - encoding.markBytes
  return {
    size,
    read: (from, length) => {
      const whole = encoding.name === "utf-8" ? length : length - (length % 2)
      return pieceOf(file, encoding.markBytes + (from === "start" ? 0 : size - whole), whole)
    },
    textOf: (bytes, cut) => {
      const text = decodeText(bytes, encoding)
      if (text === null) throw new RefusedEntryError(named, "is no text: it has many control characters")
      const kept = wholeLines(text, cut)
      return { text: kept, droppedBytes: lengthOf(text, encoding) - lengthOf(kept, encoding) }
    },
  }
}

function lengthOf(text: string, { name }: TextEncoding): number {
  return name === "utf-8" ? Buffer.byteLength(text) : text.length * 2
}

/** Whole lines, where there is one; a longer line is cut between two characters. */
function wholeLines(text: string, cut: "start" | "end" | null): string {
  if (cut === null) return text
  // A cut may split one character on the side where it is.
  const trimmed = cut === "start" ? text.replace(/\uFFFD{1,3}$/, "") : text.replace(/^\uFFFD{1,3}/, "")
  const lineEnd = cut === "start" ? trimmed.lastIndexOf("\n") : trimmed.indexOf("\n")
  const whole = lineEnd === -1 ? "" : cut === "start" ? trimmed.slice(0, lineEnd) : trimmed.slice(lineEnd + 1)
  return whole.trim() === "" ? trimmed : whole
}

/** A workspace has one of these files a day, or one for all days. */
const maxEntries = 64

/** What was found: the same object for as long as the file stays the same. */
export interface Found<T> {
  /** Null: there is none, or it cannot be read. */
  readonly content: T | null
  /** Why it cannot; null: it can, or there is none. */
  readonly problem: string | null
}

interface Entry<T> {
  readonly stamp: string
  readonly found: Promise<Found<T>>
}

/**
 * Excerpts of files that are asked for with every new thread, and change now and then: read again
 * only once the file is another one. The question is a synchronous `lstat`, which takes a few
 * microseconds; four trips to the thread pool for opening, asking, reading and closing were a tenth
 * of a short turn.
 */
export class ExcerptCache<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #read: (own: OwnPath) => Promise<T | null>

  /** `read` may reject: that is found, then. */
  constructor(read: (own: OwnPath) => Promise<T | null>) {
    this.#read = read
  }

  /** Never rejects. */
  read(own: OwnPath): Promise<Found<T>> {
    const path = join(own.root, own.path)
    const stamp = stampOf(path)
    if (stamp === null) {
      this.#entries.delete(path)
      return Promise.resolve({ content: null, problem: null })
    }
    const known = this.#entries.get(path)
    if (known?.stamp === stamp) return known.found
    if (this.#entries.size >= maxEntries) this.#entries.clear()
    const found = this.#read(own).then(
      (content) => ({ content, problem: null }),
      (error: unknown) => ({ content: null, problem: messageOf(error) }),
    )
    this.#entries.set(path, { stamp, found })
    return found
  }
}

/** Another one for another content; null: there is nothing to read. */
function stampOf(path: string): string | null {
  try {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    return stats === undefined ? null : `${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`
  } catch (error) {
    // Reading finds out what is wrong, and that is told once.
    return `unreadable ${messageOf(error)}`
  }
}
