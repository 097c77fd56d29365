import type { FileHandle } from "node:fs/promises"

/**
 * Adds `text` to the end of a file that others may be adding to as well (it is open with O_APPEND), whole or not at all: what
 * a full disk has taken of it is taken back. Rejects with the system's error.
 */
export async function appendWhole(file: FileHandle, text: string): Promise<void> {
  const { size } = await file.stat()
  try {
    await file.appendFile(text)
  } catch (error) {
    const reached = (await file.stat()).size
    // More than that would be somebody else's, too.
    if (reached > size && reached < size + Buffer.byteLength(text)) await file.truncate(size)
    throw error
  }
}
