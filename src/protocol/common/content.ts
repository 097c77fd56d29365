import * as z from "zod"
import { refuseContentBeside } from "./content-beside.ts"
import { invalidRequest, isObject, readShape, unknownValue, wrongType } from "./shape.ts"

type Wire = Readonly<Record<string, unknown>>

/** One type of the parts that a content may have. */
export interface PartForm<T> {
  /** Null: it is refused in words of its own. */
  readonly shape: z.ZodObject | null
  readonly read: (part: Wire, path: string) => T
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
    throw invalidRequest(
      `${path}.type`,
      `'${path}.type' 'input_audio' cannot be served: agents take no audio. Send a transcript, or the recording as a file.`,
    )
  },
}

/**
 * Content of a message: text, or parts, or a list of nothing. `named`: the types that a fault
 * names.
 */
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
