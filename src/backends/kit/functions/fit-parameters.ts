import { isSchema, mapInside, type Schema } from "../../../domain/map-schema.ts"
import { inNewerWords } from "../../../domain/newer-draft.ts"
import { referencesIn, referredTo, withPlainReferences, withReferences } from "./references.ts"

/** A schema as a CLI and its model server take it. */
export interface FittedParameters {
  readonly schema: Schema
  /** Rules of the original that the fitted one has not, for the model to read; null: none. */
  readonly note: string | null
}

/** More than one object at the top: model servers refuse it, and CLIs drop the function. */
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
/** The definition with parts of the top that are referred to; longer where it is the client's. */
const movedName = "top"

/**
 * The schema of a function's arguments in the form that every CLI takes: one object at the top,
 * with objects for schemas. It lets through whatever the original does; what it lets through
 * besides is found out by the check against the original.
 */
export function fitParameters(given: Schema): FittedParameters {
  const parameters = inNewerWords(withPlainReferences(given))
  const merged = { ...withoutKeys(mergedTop(parameters), [...bookkeeping, ...combinations]), type: "object" }
  const schema = objectsInside(withMovedParts(merged, parameters))
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
      // An alternative that is never taken says nothing; one that is always taken asks for nothing.
      return found
        .filter((inner) => isSchema(inner) || inner === true)
        .map((inner) => (inner === true ? {} : merge(inner, [...seen, schema])))
    }
    const all = [...inside(referredTo(root, schema.$ref)), ...inside(schema.allOf)]
    const alternatives = [inside(schema.anyOf), inside(schema.oneOf)].filter((list) => list.length > 0)
    const depending = [schema.dependentSchemas, schema.dependencies].filter(isSchema).flatMap(Object.values)
    const maybe = [...inside(schema.then), ...inside(schema.else), ...inside(depending)]
    const parts = [...all, ...alternatives.flat(), ...maybe]
    const required = new Set([
      ...namesIn(schema.required),
      ...all.flatMap((part) => namesIn(part.required)),
      ...alternatives.flatMap((list) => namesInEach(list)),
    ])
    const isClosed =
      schema.additionalProperties === false ||
      all.some(isClosedObject) ||
      alternatives.some((list) => list.every(isClosedObject))
    const open = parts.filter(isOpenObject)
    const onlyRest = all.length === 1 && parts.length === 1 ? open[0]?.additionalProperties : undefined
    const isOpen = open.length > 0 && schema.additionalProperties === undefined && !isClosed
    const { unevaluatedProperties: rest, ...own } = schema
    const mayEvaluateMore = budget < 0 || schema.if !== undefined || open.length > 0
    return {
      ...(mayEvaluateMore || rest === undefined ? own : schema),
      ...definitionsOf([schema, ...parts]),
      ...mergedMaps("properties", [schema, ...parts]),
      ...mergedMaps("patternProperties", [schema, ...parts]),
      ...(required.size > 0 && { required: [...required] }),
      ...(isOpen && { additionalProperties: onlyRest ?? true }),
      ...(isClosed && { additionalProperties: false }),
    }
  }
  return merge(root, [])
}

function mergedMaps(keyword: "properties" | "patternProperties", parts: readonly Schema[]): Schema {
  // By their text: to compare some thousand alternatives would stop the service for seconds.
  const found = new Map<string, Map<string, unknown>>()
  for (const { [keyword]: map } of parts) {
    if (!isSchema(map)) continue
    for (const [name, schema] of Object.entries(map)) {
      const known = found.get(name) ?? new Map<string, unknown>()
      const text = JSON.stringify(schema)
      if (!known.has(text)) known.set(text, schema)
      found.set(name, known)
    }
  }
  if (found.size === 0) return {}
  const merged = [...found].map(([name, known]) => {
    const schemas = [...known.values()]
    return [name, schemas.length === 1 ? schemas[0] : { anyOf: schemas }] as const
  })
  return { [keyword]: Object.fromEntries(merged) }
}

function definitionsOf(parts: readonly Schema[]): Schema {
  const found = ["$defs", "definitions"].map((key) => {
    const all = parts.map((part) => part[key]).filter(isSchema)
    return [key, Object.fromEntries(all.toReversed().flatMap(Object.entries))] as const
  })
  return Object.fromEntries(found.filter(([, all]) => Object.keys(all).length > 0))
}

function isClosedObject(schema: Schema): boolean {
  return schema.additionalProperties === false && schema.patternProperties === undefined
}

/** It takes properties that it does not name. */
function isOpenObject({ additionalProperties, unevaluatedProperties }: Schema): boolean {
  return [additionalProperties, unevaluatedProperties].some((rest) => rest !== undefined && rest !== false)
}

function namesIn(required: unknown): string[] {
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : []
}

function namesInEach(list: readonly Schema[]): string[] {
  const [first, ...others] = list.map(({ required }) => namesIn(required))
  return first?.filter((name) => others.every((names) => names.includes(name))) ?? []
}

/** With parts of the top that are gone but referred to: they stay among the definitions. */
function withMovedParts(schema: Schema, root: Schema): Schema {
  const isGone = (reference: string) =>
    referredTo(root, reference) !== undefined && referredTo(schema, reference) === undefined
  const gone = new Set(referencesIn(root).filter(isGone))
  if (gone.size === 0) return schema
  const definitions = isSchema(schema.$defs) ? schema.$defs : {}
  let name = movedName
  while (Object.hasOwn(definitions, name)) name += "_"
  const keywords = new Set([...gone].map((reference) => reference.split("/")[1] ?? ""))
  const parts = Object.fromEntries([...keywords].map((keyword) => [keyword, root[keyword]]))
  return withReferences({ ...schema, $defs: { ...definitions, [name]: parts } }, (reference) =>
    gone.has(reference) ? `#/$defs/${name}${reference.slice(1)}` : reference,
  )
}

/** Objects for `true` and `false`: readers of tools drop them all where one is no object. */
function objectsInside(schema: Schema): Schema {
  return mapInside(schema, (inner, keyword) => {
    if (typeof inner === "boolean") {
      if (plainBooleans.includes(keyword)) return inner
      return inner ? {} : { not: {} }
    }
    return isSchema(inner) ? objectsInside(inner) : inner
  })
}

function withoutKeys(schema: Schema, keys: readonly string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)))
}
