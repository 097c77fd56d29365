import { Buffer } from "node:buffer"

/**
 * The bytes of base64 text; null when it is none (empty text is no bytes). Decodes instead of matching: a regular
 * expression over megabytes costs stack, and a decoder skips what is wrong.
 */
export function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || /[-_]/.test(text)) return null
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  const bytes = Buffer.from(text, "base64")
  return bytes.length === (text.length / 4) * 3 - padding ? bytes : null
}

export interface DataUrl {
  /** Lower case; empty where it names none. */
  readonly mimeType: string
  /** Behind `base64,`. */
  readonly base64: string
}

/** Takes a `data:` URL with base64 apart; null when it is none. Parameters such as a charset are left out. */
export function readDataUrl(url: string): DataUrl | null {
  const comma = url.indexOf(",")
  if (comma === -1 || comma > 300) return null
  const header = /^data:([^;,]*)(?:;[^;,]*)*;base64$/i.exec(url.slice(0, comma))
  if (header === null) return null
  return { mimeType: (header[1] ?? "").trim().toLowerCase(), base64: url.slice(comma + 1) }
}
