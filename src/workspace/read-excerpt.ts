import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"

/** A bounded piece of a text file. */
export interface Excerpt {
  readonly text: string
  /** True: the file has more than this. */
  readonly isCut: boolean
}

/**
 * Reads at most `maxBytes` of a file, from its beginning or its end, cut at a line's end where there is one. Null for
 * whatever cannot be read as text: missing, not a plain file, no permission, binary. Never throws: an agent may have put
 * anything there.
 */
export async function readExcerpt(
  path: string,
  maxBytes: number,
  from: "start" | "end",
): Promise<Excerpt | null> {
  let file: FileHandle | undefined
  try {
    // Without O_NONBLOCK the opening of a named pipe waits for a writer, for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await file.stat()
    if (!stats.isFile()) return null
    const offset = from === "end" ? Math.max(0, stats.size - maxBytes) : 0
    const buffer = Buffer.alloc(Math.min(maxBytes, stats.size))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset)
    const bytes = buffer.subarray(0, bytesRead)
    if (bytes.includes(0)) return null
    const isCut = bytesRead < stats.size
    return textOf(bytes, isCut ? from : null)
  } catch {
    // The memory is a help, not a condition: a turn goes on without it.
    return null
  } finally {
    await file?.close().catch(() => undefined)
  }
}

function textOf(bytes: Buffer, cut: "start" | "end" | null): Excerpt | null {
  const text = bytes.toString("utf8")
  // A cut may split one character on the side where it is; more is no UTF-8.
  const trimmed =
    cut === "start"
      ? text.replace(/\uFFFD{1,3}$/, "")
      : cut === "end"
        ? text.replace(/^\uFFFD{1,3}/, "")
        : text
  if (trimmed.includes("\uFFFD")) return null
  if (cut === null) return { text: trimmed, isCut: false }
  const lineEnd = cut === "start" ? trimmed.lastIndexOf("\n") : trimmed.indexOf("\n")
  // A single endless line is cut where it is.
  const isWholeLines =
    cut === "start" ? lineEnd > trimmed.length / 2 : lineEnd >= 0 && lineEnd < trimmed.length / 2
  if (!isWholeLines) return { text: trimmed, isCut: true }
  return { text: cut === "start" ? trimmed.slice(0, lineEnd) : trimmed.slice(lineEnd + 1), isCut: true }
}
