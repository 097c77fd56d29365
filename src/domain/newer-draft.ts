import { isSchema, mapInside, type Schema } from "./map-schema.ts"

/**
 * A schema of any draft in the words of the newer ones, with the same meaning: draft 3 says of a
 * property itself that it is required, draft 4 writes `id` and exclusive bounds in another way.
 */
export function inNewerWords(schema: Schema): Schema {
  const { id, exclusiveMinimum, exclusiveMaximum, required, ...rest } = schema
  const isOld = [exclusiveMinimum, exclusiveMaximum, required].some((value) => typeof value === "boolean")
  const form: Schema =
    isOld || typeof id === "string"
      ? {
          ...rest,
          ...(id !== undefined && typeof id !== "string" && { id }),
          ...bound("minimum", "exclusiveMinimum", exclusiveMinimum, schema),
          ...bound("maximum", "exclusiveMaximum", exclusiveMaximum, schema),
          ...(required !== undefined && typeof required !== "boolean" && { required }),
        }
      : schema
  const demanded = demandedIn(schema.properties)
  const list = Array.isArray(form.required) ? form.required : []
  const all = demanded.length === 0 ? form : { ...form, required: [...new Set([...list, ...demanded])] }
  return mapInside(all, (inner) => (isSchema(inner) ? inNewerWords(inner) : inner))
}

/** The names of properties that say themselves that they are required. */
function demandedIn(properties: unknown): readonly string[] {
  if (!isSchema(properties)) return []
  return Object.entries(properties).flatMap(([name, inner]) =>
    isSchema(inner) && inner.required === true ? [name] : [],
  )
}

function bound(plain: string, exclusive: string, value: unknown, schema: Schema): Schema {
  if (typeof value !== "boolean") return value === undefined ? {} : { [exclusive]: value }
  return value && schema[plain] !== undefined ? { [exclusive]: schema[plain] } : {}
}

/** Without `nullable` where no type is: checks do not compile with it, and it says nothing. */
export function withoutLooseNullable(schema: Schema): Schema {
  const { nullable, ...rest } = schema
  const kept = nullable !== undefined && schema.type === undefined ? rest : schema
  return mapInside(kept, (inner) => (isSchema(inner) ? withoutLooseNullable(inner) : inner))
}
