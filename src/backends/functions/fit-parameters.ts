import { isDeepStrictEqual } from "node:util"
import { isSchema, mapInside, type Schema } from "../../domain/map-schema.ts"
import { inNewerWords } from "../../domain/newer-draft.ts"
import { refersTo, targetOf, withPlainReferences, withReferences } from "./references.ts"

/** A schema as a CLI and its model server take it. */
export interface FittedParameters {
  readonly schema: Schema
  /** Rules of the original that the fitted one has not, for the model to read; null: none. */
  readonly note: string | null
}

/** What tells more at the top of a schema than one object: model servers refuse it there, and CLIs drop the function. */
const combinations = [
  "$ref",
  "allOf",
  "anyOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
  "enum",
  "const",
  "dependentSchemas",
  "dependencies",
] as const
/** They say which dialect it is, and how it is named: nothing for a model. */
const bookkeeping = ["$schema", "$id", "id", "$comment", "$vocabulary"]

/** Where a boolean says the same as elsewhere an object, and is what everybody writes. */
const plainBooleans = ["additionalProperties", "additionalItems", "unevaluatedProperties", "unevaluatedItems"]

/** So long a note is read by no model. */
const maxNoteLength = 4_000
/** Schemas inside each other at the top that are put into one. */
const maxMerges = 50
/** Name of the definition that has parts of the top which a reference names. */
const movedName = "top"

/**
 * The schema of a function's arguments in the form that every CLI takes: one object at the top, with objects for schemas. It
 * lets through whatever the original does; what it lets through besides is found out by the check against the original.
 */
export function fitParameters(given: Schema): FittedParameters {
  const parameters = inNewerWords(withPlainReferences(given))
  const merged = mergedTop(parameters)
  const moved = movedParts(parameters)
  const top = withoutKeys({ ...merged, ...definitionsOf([merged, moved]) }, [...bookkeeping, ...combinations])
  const schema = objectsInside(withReferences({ ...top, type: "object" }, movedPlace))
  const told = Object.fromEntries(
    combinations
      .filter((key) => key !== "$ref" && parameters[key] !== undefined)
      .map((key) => [key, parameters[key]]),
  )
  const text = JSON.stringify(told)
  const hasNote = Object.keys(told).length > 0 && text.length <= maxNoteLength
  return {
    schema: { ...schema, properties: isSchema(schema.properties) ? schema.properties : {} },
    note: hasNote ? `The arguments must also be valid against this JSON Schema: ${text}` : null,
  }
}

/** The top with all that its alternatives and parts say of properties. */
function mergedTop(root: Schema): Schema {
  let budget = maxMerges
  const merge = (schema: Schema, seen: readonly unknown[]): Schema => {
    budget -= 1
    if (budget < 0 || seen.includes(schema)) return schema
    const inside = (value: unknown): Schema[] => {
      const found = Array.isArray(value) ? value : [value]
      return found.filter(isSchema).map((inner) => merge(inner, [...seen, schema]))
    }
    const all = [...inside(targetOf(root, schema.$ref)), ...inside(schema.allOf)]
    const alternatives = [inside(schema.anyOf), inside(schema.oneOf)].filter((list) => list.length > 0)
    const maybe = [...inside(schema.then), ...inside(schema.else)]
    const parts = [...all, ...alternatives.flat(), ...maybe]
    const properties = mergedProperties([schema, ...parts])
    const required = new Set([
      ...namesIn(schema.required),
      ...all.flatMap((part) => namesIn(part.required)),
      ...alternatives.flatMap((list) => namesInEach(list)),
    ])
    const definitions = definitionsOf([schema, ...parts])
    const isClosed =
      schema.additionalProperties === false ||
      all.some(isClosedObject) ||
      alternatives.some((list) => list.every(isClosedObject))
    return {
      ...schema,
      ...definitions,
      ...(properties !== null && { properties }),
      ...(required.size > 0 && { required: [...required] }),
      ...(isClosed && { additionalProperties: false }),
    }
  }
  return merge(root, [])
}

function mergedProperties(parts: readonly Schema[]): Schema | null {
  const found = new Map<string, unknown[]>()
  for (const { properties } of parts) {
    if (!isSchema(properties)) continue
    for (const [name, schema] of Object.entries(properties)) {
      const known = found.get(name) ?? []
      if (!known.some((other) => isDeepStrictEqual(other, schema))) known.push(schema)
      found.set(name, known)
    }
  }
  if (found.size === 0) return null
  return Object.fromEntries(
    [...found].map(([name, schemas]) => [name, schemas.length === 1 ? schemas[0] : { anyOf: schemas }]),
  )
}

function definitionsOf(parts: readonly Schema[]): Schema {
  const found = ["$defs", "definitions"].map((key) => {
    const all = parts.map((part) => part[key]).filter(isSchema)
    return [key, Object.assign({}, ...all.toReversed())] as const
  })
  return Object.fromEntries(found.filter(([, all]) => Object.keys(all).length > 0))
}

function isClosedObject(schema: Schema): boolean {
  return schema.additionalProperties === false && schema.patternProperties === undefined
}

function namesIn(required: unknown): string[] {
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : []
}

function namesInEach(list: readonly Schema[]): string[] {
  const [first, ...others] = list.map(({ required }) => namesIn(required))
  return first?.filter((name) => others.every((names) => names.includes(name))) ?? []
}

/** Parts of the top that go, and that a reference names: they stay among the definitions. */
function movedParts(root: Schema): Schema {
  const named = combinations.filter((key) => root[key] !== undefined && key !== "$ref")
  const isNamed = JSON.stringify(root).includes('"#/') && named.some((key) => refersTo(root, `#/${key}`))
  return isNamed ? { $defs: { [movedName]: Object.fromEntries(named.map((key) => [key, root[key]])) } } : {}
}

/** Objects for `true` and `false`: what reads tools drops all of them where one property is no object. */
function objectsInside(schema: Schema): Schema {
  return mapInside(schema, (inner, keyword) => {
    if (typeof inner === "boolean") {
      if (plainBooleans.includes(keyword)) return inner
      return inner ? {} : { not: {} }
    }
    return isSchema(inner) ? objectsInside(inner) : inner
  })
}

/** Parts of the top have moved, if they are there at all. */
function movedPlace(reference: string): string {
  const [, keyword] = /^#\/(\w+)(?:\/|$)/.exec(reference) ?? []
  return combinations.some((key) => key === keyword) ? `#/$defs/${movedName}${reference.slice(1)}` : reference
}

function withoutKeys(schema: Schema, keys: readonly string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)))
}
