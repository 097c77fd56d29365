import type { Schema } from "../../domain/map-schema.ts"
import { referredTo } from "../kit/functions/references.ts"
import { fieldsIn } from "../kit/rpc/json-noise.ts"

const maxDepth = 20

/**
 * The smallest value that satisfies a JSON Schema, for the usual keywords (types, required
 * properties, enum, const, anyOf, allOf, local $ref, lower bounds). Keywords beyond them are not
 * looked at.
 */
export function minimalJson(schema: Schema): unknown {
  return smallestOf(schema, schema, 0)
}

function smallestOf(given: unknown, root: Schema, depth: number): unknown {
  if (given === true || depth > maxDepth) return null
  const schema = resolved(fieldsIn(given), root)
  if ("const" in schema) return schema.const
  if ("default" in schema) return schema.default
  if (Array.isArray(schema.enum)) return schema.enum[0]
  const alternatives = schema.anyOf ?? schema.oneOf
  if (Array.isArray(alternatives)) return smallestOf(alternatives[0], root, depth + 1)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  switch (type ?? (schema.properties === undefined ? undefined : "object")) {
    case "object":
      return objectOf(schema, root, depth)
    case "array":
      return Array.from({ length: numberOf(schema.minItems, 0) }, () =>
        smallestOf(schema.items, root, depth + 1),
      )
    case "string":
      return "demo".padEnd(numberOf(schema.minLength, 0), ".").slice(0, numberOf(schema.maxLength, 1_000))
    case "integer":
    case "number":
      return smallestNumber(schema)
    case "boolean":
      return false
    default:
      return null
  }
}

function objectOf(schema: Schema, root: Schema, depth: number): Schema {
  const properties = fieldsIn(schema.properties)
  const required = Array.isArray(schema.required) ? schema.required.map(String) : []
  return Object.fromEntries(
    required.map((name) => [name, smallestOf(properties[name] ?? true, root, depth + 1)]),
  )
}

function smallestNumber(schema: Schema): number {
  const above = numberOf(schema.exclusiveMinimum, Number.NEGATIVE_INFINITY)
  const lowest = Math.max(numberOf(schema.minimum, Number.NEGATIVE_INFINITY), Math.floor(above) + 1)
  const highest = numberOf(schema.maximum, Number.POSITIVE_INFINITY)
  if (lowest > Number.NEGATIVE_INFINITY) return schema.type === "integer" ? Math.ceil(lowest) : lowest
  return Math.min(0, schema.type === "integer" ? Math.floor(highest) : highest)
}

/** Follows a local `$ref`, and puts the parts of `allOf` together. */
function resolved(schema: Schema, root: Schema): Schema {
  let found = schema
  for (let hop = 0; typeof found.$ref === "string" && hop < maxDepth; hop++) {
    found = found.$ref === "#" ? root : fieldsIn(referredTo(root, found.$ref))
  }
  if (!Array.isArray(found.allOf)) return found
  return found.allOf.reduce<Schema>((merged, part) => mergedWith(merged, resolved(fieldsIn(part), root)), {
    ...found,
    allOf: undefined,
  })
}

function mergedWith(a: Schema, b: Schema): Schema {
  const required = [a.required, b.required].flatMap((names) => (Array.isArray(names) ? names : []))
  return { ...a, ...b, properties: { ...fieldsIn(a.properties), ...fieldsIn(b.properties) }, required }
}

function numberOf(value: unknown, fallback: number): number {
  return typeof value === "number" ? value : fallback
}
