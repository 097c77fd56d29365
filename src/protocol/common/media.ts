import { Buffer } from "node:buffer"
import * as z from "zod"
import { readMimeType } from "../../domain/file-name.ts"
import { imageTypeOf, imageTypes } from "../../domain/image-type.ts"
import { type ClientItem, type InputReference, partsOf } from "../../domain/input-reference.ts"
import type { ContentPart } from "../../domain/items.ts"
import { invalidRequest, quote, readShape, wrongField } from "./shape.ts"

/**
 * The bytes of base64 text; null when it is none (empty text is no bytes). Decodes instead of
 * matching: a regular expression over megabytes costs stack, and a decoder skips what is wrong.
 */
function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || /[-_]/.test(text)) return null
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0
  const bytes = Buffer.from(text, "base64")
  return bytes.length === (text.length / 4) * 3 - padding ? bytes : null
}

/** Takes a `data:` URL with base64 apart. Null: it is none. The type may be empty. */
function readDataUrl(url: string): { readonly mimeType: string; readonly base64: string } | null {
  const comma = url.indexOf(",")
  if (comma === -1 || comma > 300) return null
  const header = /^data:([^;,]*)(?:;[^;,]*)*;base64$/i.exec(url.slice(0, comma))
  if (header === null) return null
  return { mimeType: (header[1] ?? "").trim().toLowerCase(), base64: url.slice(comma + 1) }
}

export const imageDetails = ["auto", "low", "high", "original"] as const
type ImageDetail = (typeof imageDetails)[number] | null | undefined

/** A `data:` URL with the image itself, or an https address that somebody else fetches. */
export function readImage(url: string, detail: ImageDetail, path: string): ContentPart | InputReference {
  if (/^https:/i.test(url)) {
    const source = { kind: "url", url } as const
    return { type: "reference", as: "image", source, filename: null, ...detailOf(detail), param: path }
  }
  return { type: "image", url: readInline(url, path), ...detailOf(detail) }
}

/** `field` where a picture asks for low detail: no CLI shows its model less than it would. */
export function advisoryDetail(items: readonly ClientItem[], field: string): readonly string[] {
  const asks = items.some((item) => partsOf(item).some((part) => "detail" in part && part.detail === "low"))
  return asks ? [field] : []
}

/** An image that was uploaded before. */
export function readImageFile(id: string, detail: ImageDetail, path: string): InputReference {
  const source = { kind: "file_id", id } as const
  return { type: "reference", as: "image", source, filename: null, ...detailOf(detail), param: path }
}

function detailOf(detail: ImageDetail) {
  return detail == null ? {} : ({ detail: detail === "original" ? "high" : detail } as const)
}

/** Bytes from which an image is known, as base64. */
const headLength = 16

/** What it holds decides on its type, and not what its sender calls it. */
function readInline(url: string, path: string): string {
  if (/^http:/i.test(url)) {
    throw wrongField(
      path,
      "is an http address; images are fetched by https only. Or send the image itself as a data URL.",
    )
  }
  const data = readDataUrl(url)
  if (data === null) {
    throw wrongField(path, "must be a data URL of the form 'data:image/png;base64,...', or an https address.")
  }
  if (data.base64 === "" || decodeBase64(data.base64) === null) {
    throw wrongField(path, "does not hold valid base64 after 'base64,'.")
  }
  const type = imageTypeOf(Buffer.from(data.base64.slice(0, headLength), "base64"))
  if (type === null) {
    const types = imageTypes.join(", ")
    const label = quote(data.mimeType)
    throw invalidRequest(path, `'${path}', labelled ${label}, is not an image of these types: ${types}.`)
  }
  return `data:${type};base64,${data.base64}`
}

export const filePart = z.object({
  file_data: z.string().nullish(),
  file_id: z.string().nullish(),
  file_url: z.string().nullish(),
  filename: z.string().nullish(),
})

/**
 * A file of a request, in the form that both APIs share (chat has no `file_url`): its content in
 * base64, bare or as a data URL, or where to find it.
 */
export function readFilePart(part: unknown, path: string): InputReference {
  const { file_data: data, file_id: id, file_url: url, filename } = readShape(filePart, part, path)
  const given = [data, id, url].filter((value) => typeof value === "string")
  if (given.length !== 1) {
    const problem = given.length === 0 ? "needs one" : "must have only one"
    throw wrongField(path, `${problem} of 'file_data', 'file_id' and 'file_url'.`)
  }
  const common = { type: "reference", as: "file", filename: filename ?? null } as const
  if (typeof id === "string") {
    return { ...common, source: { kind: "file_id", id }, param: `${path}.file_id` }
  }
  if (typeof url === "string") {
    return { ...common, source: { kind: "url", url: httpsUrl(url, path) }, param: `${path}.file_url` }
  }
  return { ...common, source: readData(data ?? "", `${path}.file_data`), param: `${path}.file_data` }
}

function httpsUrl(url: string, path: string): string {
  if (/^https:/i.test(url)) return url
  throw wrongField(`${path}.file_url`, "must be an https address.")
}

function readData(data: string, path: string): InputReference["source"] {
  const isUrl = /^data:/i.test(data.slice(0, 5))
  const url = isUrl ? readDataUrl(data) : { mimeType: "", base64: data }
  const bytes = url === null ? null : decodeBase64(url.base64)
  if (url === null || bytes === null) {
    throw wrongField(
      path,
      "must be base64, bare or as a data URL of the form 'data:application/pdf;base64,...'.",
    )
  }
  return { kind: "bytes", bytes, mimeType: readMimeType(url.mimeType) }
}
