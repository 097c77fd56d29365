import type { FileHandle } from "node:fs/promises"
import { inFolderOf, type OwnPath } from "../../disk/held-folder.ts"
import { openEntry } from "../../disk/own-file.ts"
import { RefusedEntryError } from "../../disk/refused-entry-error.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"
import { decodeText, encodingOf, type TextEncoding } from "./text-encoding.ts"

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
 * Reads at most `maxBytes` of a file, from its beginning or its end, cut at a line's end where there is one. Null: it is missing.
 * Rejects with `RefusedEntryError` for what is no plain file or no text, and the system's errors: an agent may have put anything
 * there.
 */
export function readExcerpt(own: OwnPath, maxBytes: number, from: "start" | "end"): Promise<Excerpt | null> {
  return withTextFile(own, async ({ read, size, textOf }) => {
    const isCut = size > maxBytes
    const { text } = textOf(await read(from, Math.min(maxBytes, size)), isCut ? from : null)
    return { text, isCut }
  })
}

/** The same of both ends, each with at most half of `maxBytes`, unless the whole file has no more than that. */
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
  const piece = async (offset: number, length: number) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  }
  const { size: all } = await file.stat()
  const encoding = encodingOf(await piece(0, 3))
  const size = all - encoding.markBytes
  return {
    size,
    read: (from, length) => {
      const whole = encoding.name === "utf-8" ? length : length - (length % 2)
      return piece(encoding.markBytes + (from === "start" ? 0 : size - whole), whole)
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

/** Whole lines where there is one; a line that is longer than the piece is cut between two characters. */
function wholeLines(text: string, cut: "start" | "end" | null): string {
  if (cut === null) return text
  // A cut may split one character on the side where it is.
  const trimmed = cut === "start" ? text.replace(/\uFFFD{1,3}$/, "") : text.replace(/^\uFFFD{1,3}/, "")
  const lineEnd = cut === "start" ? trimmed.lastIndexOf("\n") : trimmed.indexOf("\n")
  const whole = lineEnd === -1 ? "" : cut === "start" ? trimmed.slice(0, lineEnd) : trimmed.slice(lineEnd + 1)
  return whole.trim() === "" ? trimmed : whole
}
