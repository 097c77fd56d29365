import { isDeepStrictEqual } from "node:util"
import { isExactNumber } from "../../../domain/exact-numbers.ts"
import { isSchema, mapInside, type Schema } from "../../../domain/map-schema.ts"
import type { SchemaRules } from "./function-rules.ts"
import { escaped as escapedName, unescaped, withReferences } from "./references.ts"

/** A schema that is one object at the top, as a CLI takes it by its own rules. */
export function fitForCli(schema: Schema, rules: SchemaRules): Schema {
  const stepped = rules.isBinary === true ? withToldSteps(schema) : schema
  const placed = rules.isTyped ? typedSchema(stepped) : withEndsOfLists(stepped)
  const open = rules.isClosed === true ? withOpenEnd(placed) : placed
  return rules.propertyName === null ? open : withMovedNames(open, rules.propertyName)
}

/**
 * Lists that end behind their last place are told by their length: those who know the older drafts
 * only take `items` for what each entry has to be, also where `prefixItems` stands beside it.
 */
function withEndsOfLists(schema: Schema): Schema {
  const inside = mapInside(schema, (inner) => (isSchema(inner) ? withEndsOfLists(inner) : inner))
  const { items, ...rest } = inside
  const { prefixItems, maxItems } = rest
  if (!Array.isArray(prefixItems) || items === undefined || Array.isArray(items)) return inside
  const isEnd = items === false || isDeepStrictEqual(items, { not: {} })
  return isEnd && maxItems === undefined ? { ...rest, maxItems: prefixItems.length } : rest
}

/** What a CLI would not pass on otherwise, for the model to read. */
export function toldBehind(description: unknown, told: string): string {
  return typeof description === "string" ? `${description}\n${told}` : told
}

/** Steps that are no whole numbers are told in words. */
function withToldSteps(schema: Schema): Schema {
  const inside = mapInside(schema, (inner) => (isSchema(inner) ? withToldSteps(inner) : inner))
  const { multipleOf, ...rest } = inside
  if (typeof multipleOf !== "number" || Number.isInteger(multipleOf)) return inside
  return { ...rest, description: toldBehind(rest.description, `A multiple of ${multipleOf}`) }
}

/** What properties besides those that are named have to be is told as a pattern of their names. */
function withOpenEnd(schema: Schema): Schema {
  const { additionalProperties: rest, ...others } = schema
  if (!isSchema(rest) && rest !== true) return schema
  const names = Object.keys(isSchema(schema.properties) ? schema.properties : {}).map(escaped)
  const own = isSchema(schema.patternProperties) ? schema.patternProperties : {}
  const patterns = [
    ...Object.keys(own).map((pattern) => `.*(?:${pattern})`),
    ...names.map((name) => `${name}$`),
  ]
  const besides = patterns.length === 0 ? "^" : `^(?!${patterns.join("|")})`
  return { ...others, patternProperties: { ...own, [besides]: rest === true ? {} : rest } }
}

/** Properties of other names are told as patterns, which nobody looks at so closely. */
function withMovedNames(schema: Schema, propertyName: RegExp): Schema {
  const entries = Object.entries(isSchema(schema.properties) ? schema.properties : {})
  const isTaken = ([name]: readonly [string, unknown]) => propertyName.test(name) && !badNames.includes(name)
  const moved = entries.filter((entry) => !isTaken(entry))
  if (moved.length === 0) return schema
  const own = isSchema(schema.patternProperties) ? schema.patternProperties : {}
  const told = {
    ...schema,
    properties: Object.fromEntries(entries.filter(isTaken)),
    patternProperties: {
      ...own,
      ...Object.fromEntries(moved.map(([name, inner]) => [`^${escaped(name)}$`, inner])),
    },
  }
  return withReferences(told, (reference) => {
    const [start, keyword, name, ...rest] = reference.split("/")
    const found = moved.find(([own]) => name !== undefined && own === unescaped(name))
    if (start !== "#" || keyword !== "properties" || found === undefined) return reference
    return ["#/patternProperties", encodeURIComponent(escapedName(`^${escaped(found[0])}$`)), ...rest].join(
      "/",
    )
  })
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
  if (isExactNumber(value)) return "number"
  return typeof value
}

/** A list with a schema for each place becomes one of any of them. */
function listItems(schema: Schema): Schema {
  const { items, prefixItems, additionalItems, description } = schema
  const places = [prefixItems, items].find((list) => Array.isArray(list)) as readonly unknown[] | undefined
  const isList = schema.type === "array" || (Array.isArray(schema.type) && schema.type.includes("array"))
  if (places === undefined) return isList && !isSchema(items) ? { items: {} } : {}
  const any = [...places, ...(places === items ? [additionalItems] : [items])].filter(isSchema)
  return {
    items: any.length === 0 ? {} : { anyOf: any },
    prefixItems: undefined,
    additionalItems: undefined,
    description: toldBehind(description, `In this order: ${JSON.stringify(places)}`),
  }
}
