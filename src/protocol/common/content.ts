import * as z from "zod"
import { isObject, readShape, unknownValue, type WireObject, wrongField, wrongType } from "./shape.ts"

/** One type of the parts that a content may have. */
export interface PartForm<T> {
  /** Null: it is refused in words of its own. */
  readonly shape: z.ZodObject | null
  readonly read: (part: WireObject, path: string) => T
}

type PartForms<T> = Readonly<Record<string, PartForm<T>>>

interface Text {
  readonly type: "text"
  readonly text: string
}

const text = z.object({ text: z.string() })
const refusal = z.object({ refusal: z.string() })

export const textForm: PartForm<Text> = {
  shape: text,
  read(part, path) {
    const { text: said } = readShape(text, part, path)
    refuseContentBeside(part, path, "text")
    return { type: "text", text: said }
  },
}

/** Kept as the text that was said. */
export const refusalForm: PartForm<Text> = {
  shape: refusal,
  read: (part, path) => ({ type: "text", text: readShape(refusal, part, path).refusal }),
}

/** Audio has no way into an agent: told by name instead of being dropped. */
export const audioForm: PartForm<never> = {
  shape: null,
  read(_part, path) {
    throw wrongField(
      `${path}.type`,
      "'input_audio' cannot be served: agents take no audio. Send a transcript, or the recording as a file.",
    )
  },
}

/** Text, or parts, or a list of nothing. `named`: the types that a fault names. */
export function readContent<T>(
  value: unknown,
  path: string,
  forms: PartForms<T>,
  named = Object.keys(forms).filter((type) => forms[type]?.shape !== null),
): (T | Text)[] {
  if (typeof value === "string") return [{ type: "text", text: value }]
  if (!Array.isArray(value)) throw wrongType(path, "a string or an array of content parts", value)
  return value.map((part: unknown, index) => {
    const at = `${path}[${index}]`
    if (!isObject(part)) throw wrongType(at, "an object", part)
    const { type } = part
    const form = typeof type === "string" && Object.hasOwn(forms, type) ? forms[type] : undefined
    if (form === undefined) throw unknownValue(`${at}.type`, named, type)
    return form.read(part, at)
  })
}

/** The parts as they are documented. */
export function partUnion(forms: PartForms<unknown>): z.ZodType {
  const typesOf = new Map<z.ZodObject, string[]>()
  for (const [type, { shape }] of Object.entries(forms)) {
    if (shape !== null) typesOf.set(shape, [...(typesOf.get(shape) ?? []), type])
  }
  const parts = [...typesOf].map(([shape, types]) =>
    types.length > 1
      ? z.object({ type: z.enum(types), ...shape.shape })
      : shape.extend({ type: z.literal(types) }),
  )
  const [part = z.never()] = parts
  return parts.length > 1 ? z.union(parts) : part
}

/** Names of content, without `_` and `-`: who reads the text alone would lose what is there. */
const contentName =
  /^(?:(?:input|inline|output)?(?:image|picture|photo|screenshot|file|document|attachment|media|audio|video|blob)s?(?:url|uri|data|id|base64|file|fileid)?s?|(?:inline)?data|(?:content)?part|content|text|message|input|url|uri|body|html|markdown|caption|transcript|refusal|prompt|base64)s?$/

const next = "Send it as a part of its own of the message's 'content', with its 'type'."

/** What nearly all have: it is not looked at twice. */
const plainNames = new Set(["type", "role", "id", "status", "name", "annotations", "logprobs", "phase"])

/**
 * Throws `invalid_request` that names the first field of an object which says something beside
 * those that are read: it would be lost in silence. Others that nobody knows are passed over.
 */
export function refuseContentBeside(
  value: WireObject,
  path: string,
  ...read: readonly [string, ...string[]]
): void {
  for (const [name, beside] of Object.entries(value)) {
    if (plainNames.has(name) || read.includes(name) || !isContent(name, beside)) continue
    if (isSameAs(beside, value[read[0]])) continue
    const short = name.slice(0, 100)
    const at = path === "" ? short : `${path}.${short}`
    throw wrongField(
      at,
      `stands beside '${read[0]}', where it would not be read. ${path === "" ? `Send it in '${read[0]}'.` : next}`,
    )
  }
}

function isContent(name: string, value: unknown): boolean {
  if (isEmpty(value)) return false
  if (typeof value === "string" && /^data:[^,]{0,200},/i.test(value.slice(0, 210))) return true
  const plain = name.length > 40 ? "" : name.replaceAll(/[-_]/g, "").toLowerCase()
  // Bridges name with it where a message comes from; as an object it is a picture's or a file's.
  return plain === "source" ? isObject(value) : contentName.test(plain)
}

function isEmpty(value: unknown): boolean {
  if (!value) return true
  return typeof value === "object" && Object.keys(value).length === 0
}

/** Some clients send one message in two forms. */
function isSameAs(beside: unknown, read: unknown): boolean {
  return beside === read || (typeof read === "string" && textOfParts(beside) === read)
}

function textOfParts(value: unknown): string | null {
  if (!Array.isArray(value)) return null
  const texts = value.map((part: unknown) =>
    isObject(part) && part.type === "text" && typeof part.text === "string" ? part.text : null,
  )
  return texts.includes(null) ? null : texts.join("")
}
