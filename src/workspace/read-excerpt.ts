import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"

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
 * Reads at most `maxBytes` of a file, from its beginning or its end, cut at a line's end where there is one. Null for
 * whatever cannot be read as text: missing, not a plain file, no permission, binary. Never throws: an agent may have put
 * anything there.
 */
export function readExcerpt(path: string, maxBytes: number, from: "start" | "end"): Promise<Excerpt | null> {
  return withTextFile(path, async (read, size) => {
    const isCut = size > maxBytes
    const bytes = await read(from === "end" ? Math.max(0, size - maxBytes) : 0, Math.min(maxBytes, size))
    const text = textOf(bytes, isCut ? from : null)
    return text === null ? null : { text, isCut }
  })
}

/** The same of both ends, each with at most half of `maxBytes`, unless the whole file has no more than that. */
export function readBothEnds(path: string, maxBytes: number): Promise<BothEnds | null> {
  return withTextFile(path, async (read, size) => {
    if (size <= maxBytes) {
      const text = textOf(await read(0, size), null)
      return text === null ? null : { start: text, end: "", omittedBytes: 0 }
    }
    const half = Math.floor(maxBytes / 2)
    const start = textOf(await read(0, half), "start")
    const end = textOf(await read(size - half, half), "end")
    if (start === null || end === null) return null
    return { start, end, omittedBytes: size - Buffer.byteLength(start) - Buffer.byteLength(end) }
  })
}

type Read = (offset: number, length: number) => Promise<Buffer>

async function withTextFile<T>(
  path: string,
  use: (read: Read, size: number) => Promise<T | null>,
): Promise<T | null> {
  let file: FileHandle | undefined
  try {
    // Without O_NONBLOCK the opening of a named pipe waits for a writer, for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await file.stat()
    if (!stats.isFile()) return null
    const handle = file
    return await use(async (offset, length) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    }, stats.size)
  } catch {
    // The memory is a help, not a condition: a turn goes on without it.
    return null
  } finally {
    await file?.close().catch(() => undefined)
  }
}

/** Whole lines where there is one; a line that is longer than the piece is cut between two characters. */
function textOf(bytes: Buffer, cut: "start" | "end" | null): string | null {
  if (bytes.includes(0)) return null
  const text = bytes.toString("utf8")
  // A cut may split one character on the side where it is; more is no UTF-8.
  const trimmed =
    cut === "start"
      ? text.replace(/\uFFFD{1,3}$/, "")
      : cut === "end"
        ? text.replace(/^\uFFFD{1,3}/, "")
        : text
  if (trimmed.includes("\uFFFD")) return null
  if (cut === null) return trimmed
  const lineEnd = cut === "start" ? trimmed.lastIndexOf("\n") : trimmed.indexOf("\n")
  const whole = lineEnd === -1 ? "" : cut === "start" ? trimmed.slice(0, lineEnd) : trimmed.slice(lineEnd + 1)
  return whole.trim() === "" ? trimmed : whole
}
