import type { FileHandle } from "node:fs/promises"
import { encodeText, encodingOf } from "./text-encoding.ts"

/**
 * Adds lines to the end of a person's or an agent's text file, in the encoding that it has, after the end of a line: people's
 * editors do not always end the last one. `file` is open for reading, too. Rejects with the system's error.
 */
export async function appendText(file: FileHandle, text: string): Promise<void> {
  const { size } = await file.stat()
  if (size === 0) return appendWhole(file, Buffer.from(text))
  const piece = async (offset: number, length: number) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  }
  const encoding = encodingOf(await piece(0, 3))
  const lineEnd = encodeText("\n", encoding)
  const last = await piece(Math.max(0, size - lineEnd.length), lineEnd.length)
  const isEnded = size === encoding.markBytes || last.equals(lineEnd)
  await appendWhole(file, encodeText(isEnded ? text : `\n${text}`, encoding))
}

/**
 * Adds `bytes` to the end of a file that others may be adding to as well (it is open with O_APPEND), whole or not at all: what
 * a full disk has taken of it is taken back. Rejects with the system's error.
 */
export async function appendWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  const { size } = await file.stat()
  try {
    await file.appendFile(bytes)
  } catch (error) {
    const reached = (await file.stat()).size
    // More than that would be somebody else's, too.
    if (reached > size && reached < size + bytes.length) await file.truncate(size)
    throw error
  }
}
