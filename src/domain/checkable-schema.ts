import { hasExactNumbers, isExactNumber } from "./exact-numbers.ts"
import { isSchema, maps, type Schema } from "./map-schema.ts"

/** A schema with those of its rules that can be checked. */
export interface Checkable {
  /** Lets through whatever the whole does; the very same where all of it can be checked. */
  readonly schema: Schema
  /** Keywords of rules that nobody checks, each once: `pattern`. */
  readonly unchecked: readonly string[]
}

/** Their values are data, or names. */
const data = ["enum", "const", "default", "examples", "example", "required"]
/** Words about the inside of a text, which the standard leaves to whoever knows their values. */
const annotations = ["format", "contentEncoding", "contentMediaType"]
const references = ["$ref", "$dynamicRef", "$recursiveRef"]
const knownDraft = /^https?:\/\/json-schema\.org\/(?:draft-0[34567]\/|draft\/20(?:19-09|20-12)\/)?schema#?$/
/** Of a pattern: a longer schema is refused. */
const maxLength = 256 * 1024

/**
 * Patterns that are none in JavaScript (`(?i)abc`, `^https\:\/\/`) are left out, and with them the
 * words around them that would let less through: `not` would refuse all, two of `oneOf` might hold.
 */
export function checkable(schema: Schema): Checkable {
  const unchecked = new Set<string>()
  const { $schema: dialect } = schema
  if (typeof dialect === "string" && !knownDraft.test(dialect)) unchecked.add("$schema")
  for (const found of schemasIn(schema)) {
    for (const word of annotations) if (typeof found[word] === "string") unchecked.add(word)
    for (const word in found) if (isRounded(word, found[word])) unchecked.add(word)
    if (hasLostPattern(found)) unchecked.add("pattern")
    if (lostNames(found).length > 0) unchecked.add("patternProperties")
  }
  const isWhole = !unchecked.has("pattern") && !unchecked.has("patternProperties")
  const weak = isWhole ? schema : (weakened(schema, unchecked).value as Schema)
  return { schema: weak, unchecked: [...unchecked] }
}

/** As the check reads it. */
export function isPattern(text: string): boolean {
  if (text.length > maxLength) return false
  try {
    new RegExp(text, "u")
    return true
  } catch {
    return false
  }
}

/** The check has it as JavaScript rounds it. */
function isRounded(word: string, value: unknown): boolean {
  if (typeof value !== "object") return false
  return data.includes(word) ? hasExactNumbers(value) : isExactNumber(value)
}

function hasLostPattern({ pattern }: Schema): boolean {
  return typeof pattern === "string" && !isPattern(pattern)
}

function lostNames({ patternProperties }: Schema): readonly string[] {
  return isSchema(patternProperties) ? Object.keys(patternProperties).filter((name) => !isPattern(name)) : []
}

/** All schemas in a value, itself too, wherever they stand: a reference may lead to any place. */
export function* schemasIn(whole: unknown): Generator<Schema> {
  const open = [whole]
  while (open.length > 0) {
    const value = open.pop()
    if (Array.isArray(value)) {
      for (const inner of value) open.push(inner)
      continue
    }
    if (!isSchema(value)) continue
    yield value
    for (const [key, inner] of Object.entries(value)) {
      if (data.includes(key)) continue
      if (!maps.includes(key) || !isSchema(inner)) open.push(inner)
      else for (const one of Object.values(inner)) open.push(one)
    }
  }
}

interface Weak {
  readonly value: unknown
  /** True where a pattern is left out of it, or may be where a reference in it leads to. */
  readonly isLess: boolean
}

/** Lets through what the whole does. `unchecked` gets the words left out for their insides. */
function weakened(whole: unknown, unchecked: Set<string>): Weak {
  if (Array.isArray(whole)) {
    const parts = whole.map((inner) => weakened(inner, unchecked))
    return { value: parts.map(({ value }) => value), isLess: parts.some(({ isLess }) => isLess) }
  }
  if (!isSchema(whole)) return { value: whole, isLess: false }
  const parts = new Map<string, Weak>()
  for (const [word, value] of Object.entries(whole)) {
    if (word === "pattern" && hasLostPattern(whole)) continue
    if (data.includes(word)) parts.set(word, { value, isLess: false })
    else if (maps.includes(word) && isSchema(value)) parts.set(word, weakenedMap(word, value, unchecked))
    else parts.set(word, weakened(value, unchecked))
  }
  const isLess =
    hasLostPattern(whole) ||
    references.some((word) => typeof whole[word] === "string") ||
    [...parts.values()].some((part) => part.isLess)
  return { value: withoutTurnedRound(parts, unchecked), isLess }
}

/** Any property may be one whose pattern is left out: none is an additional one. */
function weakenedMap(word: string, map: Schema, unchecked: Set<string>): Weak {
  const lost = word === "patternProperties" ? lostNames({ [word]: map }) : []
  const kept = Object.entries(map).filter(([name]) => !lost.includes(name))
  const parts = kept.map(([name, inner]) => [name, weakened(inner, unchecked)] as const)
  const value = Object.fromEntries([
    ...(lost.length > 0 ? [["", true] as const] : []),
    ...parts.map(([name, part]) => [name, part.value] as const),
  ])
  return { value, isLess: lost.length > 0 || parts.some(([, { isLess }]) => isLess) }
}

/** Without the words that let less through where what is inside of them lets through more. */
function withoutTurnedRound(parts: Map<string, Weak>, unchecked: Set<string>): Schema {
  const partOf = (word: string) => parts.get(word)?.value
  const lost = ["not", "oneOf", "if"].filter((word) => parts.get(word)?.isLess)
  if (parts.has("maxContains") && parts.get("contains")?.isLess) lost.push("maxContains")
  for (const word of lost) unchecked.add(word)
  // What holds of them all the same.
  const oneOf = lost.includes("oneOf") ? [{ anyOf: partOf("oneOf") }] : []
  const condition = lost.includes("if")
    ? [{ anyOf: [{ allOf: [partOf("if"), partOf("then") ?? true] }, partOf("else") ?? true] }]
    : []
  const gone = condition.length > 0 ? [...lost, "then", "else"] : lost
  const kept = Object.fromEntries(
    [...parts].filter(([word]) => !gone.includes(word)).map(([word, { value }]) => [word, value]),
  )
  const instead = [...oneOf, ...condition]
  const allOf = Array.isArray(kept.allOf) ? kept.allOf : []
  return instead.length === 0 ? kept : { ...kept, allOf: [...allOf, ...instead] }
}
