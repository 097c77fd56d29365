import { displayName, mimeTypeOf, readMimeType, unknownType } from "../domain/file-name.ts"
import type { FileRecord, UploadFields } from "../domain/files.ts"
import { seconds } from "./common/answer-parts.ts"
import { unknownValue, type WireObject, wrongField } from "./common/shape.ts"

const purposes = ["assistants", "batch", "evals", "fine-tune", "user_data", "vision"] as const

/** The API's bounds on `expires_after[seconds]`: one hour, thirty days. */
const minExpirySeconds = 3_600
const maxExpirySeconds = 2_592_000

/** The form of `POST /v1/files` as it is documented. */
export const uploadForm = {
  type: "object",
  required: ["file", "purpose"],
  properties: {
    file: { type: "string", contentMediaType: "application/octet-stream" },
    purpose: { enum: purposes },
    "expires_after[anchor]": { const: "created_at" },
    "expires_after[seconds]": { type: "integer", minimum: minExpirySeconds, maximum: maxExpirySeconds },
  },
}

/**
 * Reads the fields beside `file` of `POST /v1/files`. Throws `invalid_request` that names the
 * field. Fields of other names are nobody's: they are ignored, as everywhere.
 */
export function readUploadFields(
  fields: ReadonlyMap<string, string>,
  file: { readonly filename: string | null; readonly contentType: string | null },
): UploadFields {
  const name = displayName(file.filename ?? "")
  const stated = readMimeType(file.contentType)
  return {
    name,
    purpose: readPurpose(fields.get("purpose")),
    mimeType: stated === null || stated === unknownType ? mimeTypeOf(name) : stated,
    expiresAfterMs: readExpiry(fields),
  }
}

/** `purpose` of an upload or a list. */
export function readPurpose(value: string | undefined): string {
  const purpose = purposes.find((each) => each === value)
  if (purpose === undefined) throw unknownValue("purpose", purposes, value)
  return purpose
}

export function toFile(file: FileRecord): WireObject {
  return {
    id: file.id,
    object: "file",
    bytes: file.bytes,
    created_at: seconds(file.createdAt),
    ...(file.expiresAt !== null && { expires_at: seconds(file.expiresAt) }),
    filename: file.name,
    purpose: file.purpose,
    status: "processed",
    status_details: null,
  }
}

const anchorField = "expires_after[anchor]"
const secondsField = "expires_after[seconds]"

function readExpiry(fields: ReadonlyMap<string, string>): number | null {
  const anchor = fields.get(anchorField)
  const value = fields.get(secondsField)
  if (anchor === undefined && value === undefined) return null
  if (anchor !== "created_at") throw unknownValue("expires_after.anchor", ["created_at"], anchor)
  const count = /^\d{1,9}$/.test(value ?? "") ? Number(value) : Number.NaN
  if (count >= minExpirySeconds && count <= maxExpirySeconds) return count * 1000
  throw wrongField(
    "expires_after.seconds",
    `must be a whole number from ${minExpirySeconds} to ${maxExpirySeconds}.`,
  )
}
