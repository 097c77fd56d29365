import { imageTypes } from "../domain/image-type.ts"
import type { InputReference } from "../domain/input-reference.ts"
import type { ContentPart } from "../domain/items.ts"
import { decodeBase64, readDataUrl } from "./base64.ts"
import { invalidRequest, quote } from "./shape.ts"

const supportedTypes: readonly string[] = imageTypes

export const imageDetails = ["auto", "low", "high", "original"] as const
type ImageDetail = (typeof imageDetails)[number] | null | undefined

/** An image of a request: the image itself as a `data:` URL, or an https address that somebody else has to fetch. */
export function readImage(url: string, detail: ImageDetail, path: string): ContentPart | InputReference {
  if (/^https:/i.test(url)) {
    const source = { kind: "url", url } as const
    return { type: "reference", as: "image", source, filename: null, ...detailOf(detail), param: path }
  }
  checkDataUrl(url, path)
  return { type: "image", url, ...detailOf(detail) }
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

function checkDataUrl(url: string, path: string): void {
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
  if (!supportedTypes.includes(data.mimeType)) {
    throw invalidRequest(
      path,
      `'${path}' has the unsupported type ${quote(data.mimeType)}; send one of ${supportedTypes.join(", ")}.`,
    )
  }
  if (data.base64 === "" || decodeBase64(data.base64) === null) {
    throw invalidRequest(path, `'${path}' does not hold valid base64 after 'base64,'.`)
  }
}
