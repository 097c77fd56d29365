import { isPattern } from "../../../domain/checkable-schema.ts"
import { isSchema, mapInside, type Schema } from "../../../domain/map-schema.ts"
import { inNewerWords } from "../../../domain/newer-draft.ts"
import { toldBehind } from "./fit-for-cli.ts"

/** Draft 07, as strict schemas have it: claude's validator refuses a schema with other words. */
const known = new Set([
  "$ref",
  "$defs",
  "additionalProperties",
  "anyOf",
  "const",
  "default",
  "definitions",
  "description",
  "enum",
  "examples",
  "exclusiveMaximum",
  "exclusiveMinimum",
  "items",
  "maxItems",
  "maxLength",
  "maximum",
  "minItems",
  "minLength",
  "minimum",
  "multipleOf",
  "pattern",
  "properties",
  "required",
  "title",
  "type",
  "uniqueItems",
])

/** A strict schema of an answer as claude takes it: others it drops without a word. */
export function fitAnswer(schema: Schema): Schema {
  return inKnownWords(inNewerWords(schema))
}

function inKnownWords(schema: Schema): Schema {
  const { format, description, nullable, type } = schema
  const kept = Object.fromEntries(Object.entries(schema).filter(([key, value]) => isTaken(key, value)))
  const told = {
    ...(typeof format === "string" && { description: toldBehind(description, `Format: ${format}`) }),
    ...(nullable === true && type !== undefined && { type: [...new Set([type, "null"].flat())] }),
  }
  return mapInside({ ...kept, ...told }, (inner) => (isSchema(inner) ? inKnownWords(inner) : inner))
}

function isTaken(key: string, value: unknown): boolean {
  if (key === "pattern") return isPattern(String(value))
  return known.has(key)
}
