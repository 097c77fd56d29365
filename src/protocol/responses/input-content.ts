import * as z from "zod"
import type { InputReference } from "../../domain/input-reference.ts"
import type { ContentPart } from "../../domain/items.ts"
import { refuseContentBeside } from "../common/content-beside.ts"
import { imageDetails, readFilePart, readImage, readImageFile, refuseAudio } from "../common/media.ts"
import { invalidRequest, isObject, readShape, unknownValue, wrongType } from "../common/shape.ts"

const textPart = z.object({ text: z.string() })
const refusalPart = z.object({ refusal: z.string() })
export const imagePart = z.object({
  image_url: z.string().nullish(),
  file_id: z.string().nullish(),
  detail: z.enum(imageDetails).nullish(),
})

const readable = ["input_text", "input_image", "input_file", "output_text", "refusal"] as const

type Part = ContentPart | InputReference

/** Output of a function: as the content of a message, but that it may be nothing. */
export function readOutput(value: unknown, path: string): Part[] {
  const parts = readContent(value, path)
  return parts.length === 0 ? [{ type: "text", text: "" }] : parts
}

/** Content of a message: text, or parts, or a list of nothing. Refusals are kept as the text that was said. */
export function readContent(value: unknown, path: string): Part[] {
  if (typeof value === "string") return [{ type: "text", text: value }]
  if (!Array.isArray(value)) throw wrongType(path, "a string or an array of content parts", value)
  return value.map((part: unknown, index) => readPart(part, `${path}[${index}]`))
}

function readPart(part: unknown, path: string): Part {
  if (!isObject(part)) throw wrongType(path, "an object", part)
  switch (part.type) {
    case "input_text":
    case "output_text":
    // Open Responses and older transcripts name plain text so.
    case "text": {
      const { text } = readShape(textPart, part, path)
      refuseContentBeside(part, path, "text")
      return { type: "text", text }
    }
    case "refusal":
      return { type: "text", text: readShape(refusalPart, part, path).refusal }
    case "input_image":
      return readInputImage(part, path)
    case "input_file":
      refuseContentBeside(part, path, "file_data", "file_id", "file_url")
      return readFilePart(part, path)
    case "input_audio":
      return refuseAudio(path)
    default:
      throw unknownValue(`${path}.type`, readable, part.type)
  }
}

function readInputImage(part: Readonly<Record<string, unknown>>, path: string): Part {
  const image = readShape(imagePart, part, path)
  refuseContentBeside(part, path, typeof image.image_url === "string" ? "image_url" : "file_id")
  if (typeof image.image_url === "string")
    return readImage(image.image_url, image.detail, `${path}.image_url`)
  if (typeof image.file_id === "string") return readImageFile(image.file_id, image.detail, `${path}.file_id`)
  throw invalidRequest(`${path}.image_url`, `Missing required parameter: '${path}.image_url'.`)
}
