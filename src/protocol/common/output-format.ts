import * as z from "zod"
import { checkable } from "../../domain/checkable-schema.ts"
import { isObject, readShape, unknownValue, type WireObject, wrongType } from "./shape.ts"

/** What the answer must look like; `schema` null: any text. */
export interface OutputFormat {
  readonly schema: WireObject | null
  /** Rules of the schema that nobody checks, as `text.format.schema.pattern`. */
  readonly advisory: readonly string[]
  /** As the Responses API repeats it, `type` first. */
  readonly echo: WireObject
}

const anyText: OutputFormat = { schema: null, advisory: [], echo: { type: "text" } }

const jsonSchema = z.object({
  name: z
    .string()
    .max(64)
    .refine((name) => /^[a-zA-Z0-9_-]+$/.test(name), {
      error: "The name of a schema may hold letters, digits, '_' and '-'.",
    }),
  schema: z.record(z.string(), z.unknown()),
  description: z.string().nullish(),
  strict: z.boolean().nullish(),
})

/** A format as it is documented; see `readOutputFormat`. */
export function outputFormatForm(nestedIn: string | null): z.ZodType {
  const type = z.literal("json_schema")
  return z.union([
    z.object({ type: z.enum(["text", "json_object"]) }),
    nestedIn === null ? jsonSchema.extend({ type }) : z.object({ type, [nestedIn]: jsonSchema }),
  ])
}

/**
 * `text.format` of the Responses API has the schema beside `type`; `response_format` of chat
 * completions has it one level deeper, which `nestedIn` names.
 */
export function readOutputFormat(value: unknown, path: string, nestedIn: string | null): OutputFormat {
  if (value === undefined || value === null) return anyText
  if (!isObject(value)) throw wrongType(path, "an object", value)
  switch (value.type) {
    case "text":
      return anyText
    case "json_schema": {
      const inner = nestedIn === null ? value : value[nestedIn]
      const at = nestedIn === null ? path : `${path}.${nestedIn}`
      const format = readShape(jsonSchema, inner, at)
      const advisory = checkable(format.schema).unchecked.map((word) => `${at}.schema.${word}`)
      const echo = {
        type: "json_schema",
        name: format.name,
        description: format.description ?? null,
        schema: format.schema,
        strict: format.strict ?? false,
      }
      return { schema: format.schema, advisory, echo }
    }
    case "json_object":
      return { schema: { type: "object" }, advisory: [], echo: { type: "json_object" } }
    default:
      throw unknownValue(`${path}.type`, ["text", "json_schema", "json_object"], value.type)
  }
}
