import { Buffer } from "node:buffer"
import type { ContentPart } from "../domain/items.ts"
import { invalidRequest, quote } from "./shape.ts"

const supportedTypes = ["image/png", "image/jpeg", "image/gif", "image/webp"]

/**
 * An image of a request. Only `data:` URLs are served: the service fetches nothing on behalf of a client, which would
 * let anybody who may call it reach what only this machine can reach.
 */
export function readImage(url: string, detail: ImageDetail | null | undefined, path: string): ContentPart {
  checkDataUrl(url, path)
  if (detail === null || detail === undefined) return { type: "image", url }
  return { type: "image", url, detail: detail === "original" ? "high" : detail }
}

export const imageDetails = ["auto", "low", "high", "original"] as const
type ImageDetail = (typeof imageDetails)[number]

function checkDataUrl(url: string, path: string): void {
  if (/^https?:/i.test(url)) {
    throw invalidRequest(
      path,
      `'${path}' is a web address; images are not fetched. Send the image itself as a data URL, e.g. 'data:image/png;base64,...'.`,
    )
  }
  const comma = url.indexOf(",")
  const header = /^data:([^;,]*);base64$/i.exec(url.slice(0, Math.max(0, Math.min(comma, 200))))
  if (comma === -1 || header === null) {
    throw invalidRequest(path, `'${path}' must be a data URL of the form 'data:image/png;base64,...'.`)
  }
  const type = (header[1] ?? "").toLowerCase()
  if (!supportedTypes.includes(type)) {
    throw invalidRequest(
      path,
      `'${path}' has the unsupported type ${quote(type)}; send one of ${supportedTypes.join(", ")}.`,
    )
  }
  if (!isBase64(url.slice(comma + 1))) {
    throw invalidRequest(path, `'${path}' does not hold valid base64 after 'base64,'.`)
  }
}

/** Decodes instead of matching: a regular expression over megabytes costs stack, and a decoder skips what is wrong. */
function isBase64(text: string): boolean {
  if (text === "" || text.length % 4 !== 0 || /[-_]/.test(text)) return false
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  return Buffer.from(text, "base64").length === (text.length / 4) * 3 - padding
}
