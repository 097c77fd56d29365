import type { FileHandle } from "node:fs/promises"

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
