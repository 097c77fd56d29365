import { Buffer } from "node:buffer"

/** The kinds of images that agents' models take. */
export const imageTypes = ["image/png", "image/jpeg", "image/gif", "image/webp"] as const
type ImageType = (typeof imageTypes)[number]

/** What the content is, whatever its sender says; null: none of the kinds that are taken. */
export function imageTypeOf(bytes: Uint8Array): ImageType | null {
  const head = Buffer.from(bytes.subarray(0, 12)).toString("latin1")
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "image/png"
  if (head.startsWith("\xff\xd8\xff")) return "image/jpeg"
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "image/gif"
  return head.startsWith("RIFF") && head.slice(8) === "WEBP" ? "image/webp" : null
}
