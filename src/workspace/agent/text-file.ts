import type { FileHandle } from "node:fs/promises"

/** As files of people's editors are written. */
export interface TextEncoding {
  readonly name: "utf-8" | "utf-16le" | "utf-16be"
  /** Of the byte order mark, which is no part of the text. */
  readonly markBytes: number
}

/** Of bytes that are none of a text: random ones have a tenth. */
const maxControlShare = 0.05

/** Told by the byte order mark. Without one it is UTF-8, or what is read as if it were. */
export function encodingOf(head: Uint8Array): TextEncoding {
  const [first, second, third] = head
  if (first === 0xff && second === 0xfe) return { name: "utf-16le", markBytes: 2 }
  if (first === 0xfe && second === 0xff) return { name: "utf-16be", markBytes: 2 }
  return { name: "utf-8", markBytes: first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0 }
}

/**
 * What the bytes say, or null where they are no text: many of them are control characters, NUL
 * above all. A byte that the encoding does not have becomes U+FFFD; a NUL, as a power cut leaves
 * them in a file, is left out. The bytes are a whole file or a piece of one, without its byte order
 * mark.
 */
export function decodeText(bytes: Uint8Array, { name }: Pick<TextEncoding, "name">): string | null {
  if (name === "utf-8" && hasManyControls(bytes)) return null
  return new TextDecoder(name).decode(bytes).replaceAll("\0", "")
}

/** A whole file; see `decodeText`. */
export function decodeFile(bytes: Uint8Array): string | null {
  const encoding = encodingOf(bytes)
  return decodeText(bytes.subarray(encoding.markBytes), encoding)
}

/** For a file that is written in this encoding, so that it stays readable. */
function encodeText(text: string, { name }: Pick<TextEncoding, "name">): Buffer {
  if (name === "utf-8") return Buffer.from(text)
  const bytes = Buffer.from(text, "utf16le")
  return name === "utf-16be" ? bytes.swap16() : bytes
}

function hasManyControls(bytes: Uint8Array): boolean {
  let count = 0
  for (const byte of bytes) if (isControl(byte)) count += 1
  return count > bytes.length * maxControlShare
}

/** Backspace to carriage return, and escape, are in logs and in what terminals have printed. */
function isControl(byte: number): boolean {
  return (byte < 0x20 && (byte < 0x08 || byte > 0x0d) && byte !== 0x1b) || byte === 0x7f
}

/**
 * Adds lines to the end of a person's or an agent's text file, in the encoding that it has, after
 * the end of a line: people's editors do not always end the last one. `file` is open for reading,
 * too. Rejects with the system's error.
 */
export async function appendText(file: FileHandle, text: string): Promise<void> {
  const { size } = await file.stat()
  if (size === 0) return appendWhole(file, Buffer.from(text))
  const encoding = encodingOf(await pieceOf(file, 0, 3))
  const lineEnd = encodeText("\n", encoding)
  const last = await pieceOf(file, Math.max(0, size - lineEnd.length), lineEnd.length)
  const isEnded = size === encoding.markBytes || last.equals(lineEnd)
  await appendWhole(file, encodeText(isEnded ? text : `\n${text}`, encoding))
}

export async function pieceOf(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
  return buffer.subarray(0, bytesRead)
}

/**
 * Adds `bytes` to the end of a file that others may be adding to as well (it is open with
 * O_APPEND), whole or not at all: what a full disk has taken of it is taken back. Rejects with the
 * system's error.
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
