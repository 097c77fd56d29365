import * as z from "zod"
import { readMimeType } from "../../domain/file-name.ts"
import type { InputReference } from "../../domain/input-reference.ts"
import { decodeBase64, readDataUrl } from "./base64.ts"
import { invalidRequest, readShape } from "./shape.ts"

export const filePart = z.object({
  file_data: z.string().nullish(),
  file_id: z.string().nullish(),
  file_url: z.string().nullish(),
  filename: z.string().nullish(),
})

/**
 * A file of a request, in the form that both APIs share (chat has no `file_url`): its content in base64, bare or as a data
 * URL, or where to find it.
 */
export function readFilePart(part: unknown, path: string): InputReference {
  const { file_data: data, file_id: id, file_url: url, filename } = readShape(filePart, part, path)
  const given = [data, id, url].filter((value) => typeof value === "string")
  if (given.length !== 1) {
    const problem = given.length === 0 ? "needs one" : "must have only one"
    throw invalidRequest(path, `'${path}' ${problem} of 'file_data', 'file_id' and 'file_url'.`)
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
  throw invalidRequest(`${path}.file_url`, `'${path}.file_url' must be an https address.`)
}

function readData(data: string, path: string): InputReference["source"] {
  const isUrl = /^data:/i.test(data.slice(0, 5))
  const url = isUrl ? readDataUrl(data) : { mimeType: "", base64: data }
  const bytes = url === null ? null : decodeBase64(url.base64)
  if (url === null || bytes === null) {
    throw invalidRequest(
      path,
      `'${path}' must be base64, bare or as a data URL of the form 'data:application/pdf;base64,...'.`,
    )
  }
  return { kind: "bytes", bytes, mimeType: readMimeType(url.mimeType) }
}

/** Audio has no way into an agent: told by name instead of being dropped. */
export function refuseAudio(path: string): never {
  throw invalidRequest(
    `${path}.type`,
    `'${path}.type' 'input_audio' cannot be served: agents take no audio. Send a transcript, or the recording as a file.`,
  )
}
