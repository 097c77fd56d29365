import { isExactNumber } from "./exact-numbers.ts"

export type Schema = Readonly<Record<string, unknown>>

/** Their values are schemas under names that the client chose. */
export const maps: readonly string[] = [
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
  "dependencies",
]
const lists = ["anyOf", "oneOf", "allOf", "prefixItems"]
const single = [
  "items",
  "additionalItems",
  "additionalProperties",
  "unevaluatedItems",
  "unevaluatedProperties",
  "contains",
  "propertyNames",
  "not",
  "if",
  "then",
  "else",
]

export function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isExactNumber(value)
}

/** Replaces each schema directly inside; `keyword` says where it stands. Data is left alone. */
export function mapInside(schema: Schema, change: (inner: unknown, keyword: string) => unknown): Schema {
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, changed(key, value, change)]))
}

function changed(key: string, value: unknown, change: (inner: unknown, keyword: string) => unknown): unknown {
  if (maps.includes(key) && isSchema(value)) {
    // A list of names in `dependencies` is no schema.
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [name, Array.isArray(inner) ? inner : change(inner, key)]),
    )
  }
  const isList = lists.includes(key) || key === "items" || single.includes(key)
  if (isList && Array.isArray(value)) return value.map((inner) => change(inner, key))
  if (single.includes(key) && (isSchema(value) || typeof value === "boolean")) return change(value, key)
  return value
}
