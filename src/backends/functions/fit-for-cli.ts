import { isSchema, mapInside, type Schema } from "../../domain/map-schema.ts"
import type { SchemaRules } from "./function-rules.ts"

/** A schema that is one object at the top, as a CLI takes it by its own rules. */
export function fitForCli(schema: Schema, rules: SchemaRules): Schema {
  const typed = rules.isTyped ? typedSchema(schema) : schema
  return rules.propertyName === null ? typed : withMovedNames(typed, rules.propertyName)
}

/** Properties of other names are told as patterns, which nobody looks at so closely. */
function withMovedNames(schema: Schema, propertyName: RegExp): Schema {
  const entries = Object.entries(isSchema(schema.properties) ? schema.properties : {})
  const isTaken = ([name]: readonly [string, unknown]) => propertyName.test(name) && !badNames.includes(name)
  const moved = entries.filter((entry) => !isTaken(entry))
  if (moved.length === 0) return schema
  const own = isSchema(schema.patternProperties) ? schema.patternProperties : {}
  return {
    ...schema,
    properties: Object.fromEntries(entries.filter(isTaken)),
    patternProperties: {
      ...own,
      ...Object.fromEntries(moved.map(([name, inner]) => [`^${escaped(name)}$`, inner])),
    },
  }
}

/** An object with such a property of its own is none to what reads lists of tools. */
const badNames = ["constructor", "__proto__"]

function escaped(name: string): string {
  return name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
}

/** In place of what it does not know codex tells its model that a value is a text. */
function typedSchema(schema: Schema): Schema {
  const inside = mapInside(schema, (inner) => (isSchema(inner) ? typedSchema(inner) : inner))
  return { ...inside, ...valueTypes(inside), ...listItems(inside) }
}

function valueTypes(schema: Schema): Schema {
  if (schema.type !== undefined) return {}
  const values = [
    ...(Array.isArray(schema.enum) ? schema.enum : []),
    ...("const" in schema ? [schema.const] : []),
  ]
  const types = [...new Set(values.map(typeOf))]
  return types.length === 0 ? {} : { type: types.length === 1 ? types[0] : types }
}

function typeOf(value: unknown): string {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  return typeof value
}

/** A list with a schema for each place becomes one of any of them. */
function listItems(schema: Schema): Schema {
  const { items, prefixItems, description } = schema
  const places = [prefixItems, items].find((list) => Array.isArray(list)) as readonly unknown[] | undefined
  const isList = schema.type === "array" || (Array.isArray(schema.type) && schema.type.includes("array"))
  if (places === undefined) return isList && !isSchema(items) ? { items: {} } : {}
  const told = `In this order: ${JSON.stringify(places)}`
  return {
    items: { anyOf: places.filter(isSchema) },
    prefixItems: undefined,
    additionalItems: undefined,
    description: typeof description === "string" ? `${description}\n${told}` : told,
  }
}
