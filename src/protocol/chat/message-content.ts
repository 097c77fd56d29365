import * as z from "zod"
import type { InputReference } from "../../domain/input-reference.ts"
import type { ContentPart } from "../../domain/items.ts"
import { textOf } from "../../domain/items.ts"
import { refuseContentBeside } from "../common/content-beside.ts"
import { readFilePart, refuseAudio } from "../common/file-part.ts"
import { imageDetails, readImage } from "../common/image-url.ts"
import { isObject, readShape, unknownValue, wrongType } from "../common/shape.ts"

export const textPart = z.object({ text: z.string() })
export const refusalPart = z.object({ refusal: z.string() })
export const imagePart = z.object({
  image_url: z.object({ url: z.string(), detail: z.enum(imageDetails).nullish() }),
})

function readTextPart(part: Readonly<Record<string, unknown>>, path: string): ContentPart {
  const { text } = readShape(textPart, part, path)
  refuseContentBeside(part, path, "text")
  return { type: "text", text }
}

type ReadPart<T> = (part: Readonly<Record<string, unknown>>, path: string) => T

/** A list of nothing is a message of nothing. */
function readContent<T = ContentPart>(
  value: unknown,
  path: string,
  readPart: ReadPart<T | ContentPart>,
): (T | ContentPart)[] {
  if (typeof value === "string") return [{ type: "text", text: value }]
  if (!Array.isArray(value)) throw wrongType(path, "a string or an array of content parts", value)
  return value.map((part: unknown, index) => {
    const at = `${path}[${index}]`
    if (!isObject(part)) throw wrongType(at, "an object", part)
    return readPart(part, at)
  })
}

/** What a user says: text, images and files. */
export function readUserContent(value: unknown, path: string): (ContentPart | InputReference)[] {
  return readContent<InputReference>(value, path, (part, at) => {
    switch (part.type) {
      case "text":
        return readTextPart(part, at)
      case "image_url": {
        const { url, detail } = readShape(imagePart, part, at).image_url
        refuseContentBeside(part, at, "image_url")
        return readImage(url, detail, `${at}.image_url.url`)
      }
      case "file":
        if (!isObject(part.file)) throw wrongType(`${at}.file`, "an object", part.file)
        refuseContentBeside(part, at, "file")
        return readFilePart(part.file, `${at}.file`)
      case "input_audio":
        return refuseAudio(at)
      default:
        throw unknownValue(`${at}.type`, ["text", "image_url", "file"], part.type)
    }
  })
}

/** What an assistant said: text and refusals, which are kept as the text that they are. */
export function readAssistantContent(value: unknown, path: string): ContentPart[] {
  return readContent(value, path, (part, at) => {
    switch (part.type) {
      case "text":
        return readTextPart(part, at)
      case "refusal":
        return { type: "text", text: readShape(refusalPart, part, at).refusal }
      default:
        throw unknownValue(`${at}.type`, ["text", "refusal"], part.type)
    }
  })
}

/** Output of a tool: text only, and it may be nothing. */
export function readOutputText(value: unknown, path: string): string {
  return value === null ? "" : readText(value, path)
}

/** Text only. */
export function readText(value: unknown, path: string): string {
  const parts = readContent(value, path, (part, at) => {
    if (part.type !== "text") throw unknownValue(`${at}.type`, ["text"], part.type)
    return readTextPart(part, at)
  })
  return textOf(parts)
}
