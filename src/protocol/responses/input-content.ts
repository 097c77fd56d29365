import * as z from "zod"
import type { InputReference } from "../../domain/input-reference.ts"
import type { ContentPart } from "../../domain/items.ts"
import {
  audioForm,
  type PartForm,
  partUnion,
  readContent,
  refusalForm,
  refuseContentBeside,
  textForm,
} from "../common/content.ts"
import { filePart, imageDetails, readFilePart, readImage, readImageFile } from "../common/media.ts"
import { invalidRequest, readShape, type WireObject } from "../common/shape.ts"

const imagePart = z.object({
  image_url: z.string().nullish(),
  file_id: z.string().nullish(),
  detail: z.enum(imageDetails).nullish(),
})

type Part = ContentPart | InputReference

const parts: Readonly<Record<string, PartForm<Part>>> = {
  input_text: textForm,
  output_text: textForm,
  // Open Responses and older transcripts name plain text so.
  text: textForm,
  refusal: refusalForm,
  input_image: { shape: imagePart, read: readInputImage },
  input_file: {
    shape: filePart,
    read(part, path) {
      refuseContentBeside(part, path, "file_data", "file_id", "file_url")
      return readFilePart(part, path)
    },
  },
  input_audio: audioForm,
}

const named = ["input_text", "input_image", "input_file", "output_text", "refusal"]

/** Content as it is documented. */
export function contentForm(): z.ZodType {
  return z.union([z.string(), z.array(partUnion(parts))])
}

/** Output of a function: as the content of a message, but that it may be nothing. */
export function readOutput(value: unknown, path: string): Part[] {
  const output = readParts(value, path)
  return output.length === 0 ? [{ type: "text", text: "" }] : output
}

export function readParts(value: unknown, path: string): Part[] {
  return readContent(value, path, parts, named)
}

function readInputImage(part: WireObject, path: string): Part {
  const { image_url: url, file_id: id, detail } = readShape(imagePart, part, path)
  refuseContentBeside(part, path, typeof url === "string" ? "image_url" : "file_id")
  if (typeof url === "string") return readImage(url, detail, `${path}.image_url`)
  if (typeof id === "string") return readImageFile(id, detail, `${path}.file_id`)
  throw invalidRequest(`${path}.image_url`, `Missing required parameter: '${path}.image_url'.`)
}
