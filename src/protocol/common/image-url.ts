import { Buffer } from "node:buffer"
import { imageTypeOf, imageTypes } from "../../domain/image-type.ts"
import { type ClientItem, type InputReference, partsOf } from "../../domain/input-reference.ts"
import type { ContentPart } from "../../domain/items.ts"
import { decodeBase64, readDataUrl } from "./base64.ts"
import { invalidRequest, quote } from "./shape.ts"

export const imageDetails = ["auto", "low", "high", "original"] as const
type ImageDetail = (typeof imageDetails)[number] | null | undefined

/** An image of a request: the image itself as a `data:` URL, or an https address that somebody else has to fetch. */
export function readImage(url: string, detail: ImageDetail, path: string): ContentPart | InputReference {
  if (/^https:/i.test(url)) {
    const source = { kind: "url", url } as const
    return { type: "reference", as: "image", source, filename: null, ...detailOf(detail), param: path }
  }
  return { type: "image", url: readInline(url, path), ...detailOf(detail) }
}

/** No CLI shows its model less of a picture than it would anyway; `field` where a picture of the request asks for that. */
export function advisoryDetail(items: readonly ClientItem[], field: string): readonly string[] {
  const asks = items.some((item) => partsOf(item).some((part) => "detail" in part && part.detail === "low"))
  return asks ? [field] : []
}

/** An image that was uploaded before. */
export function readImageFile(id: string, detail: ImageDetail, path: string): InputReference {
  const source = { kind: "file_id", id } as const
  return { type: "reference", as: "image", source, filename: null, ...detailOf(detail), param: path }
}

function detailOf(detail: ImageDetail): { readonly detail?: "auto" | "low" | "high" } {
  if (detail === null || detail === undefined) return {}
  return { detail: detail === "original" ? "high" : detail }
}

/** Bytes from which an image is known, as base64. */
const headLength = 16

/** As for images from elsewhere, what it holds decides on its type, and not what its sender calls it. */
function readInline(url: string, path: string): string {
  if (/^http:/i.test(url)) {
    throw invalidRequest(
      path,
      `'${path}' is an http address; images are fetched by https only. Or send the image itself as a data URL.`,
    )
  }
  const data = readDataUrl(url)
  if (data === null) {
    throw invalidRequest(
      path,
      `'${path}' must be a data URL of the form 'data:image/png;base64,...', or an https address.`,
    )
  }
  if (data.base64 === "" || decodeBase64(data.base64) === null) {
    throw invalidRequest(path, `'${path}' does not hold valid base64 after 'base64,'.`)
  }
  const type = imageTypeOf(Buffer.from(data.base64.slice(0, headLength), "base64"))
  if (type === null) {
    const types = imageTypes.join(", ")
    throw invalidRequest(
      path,
      `'${path}', labelled ${quote(data.mimeType)}, is not an image of these types: ${types}.`,
    )
  }
  return `data:${type};base64,${data.base64}`
}
