import type * as z from "zod"
import { ProxyError } from "../../domain/errors.ts"

/** An object of the wire. */
export type WireObject = Readonly<Record<string, unknown>>

/** A 400; `param` is a path in OpenAI style, e.g. `messages[2].content[0].type`. */
export function invalidRequest(param: string, message: string): ProxyError {
  return new ProxyError("invalid_request", message, { param })
}

/** With the field's name in front of what is wrong with it: `must be …`. */
export function wrongField(param: string, words: string): ProxyError {
  return invalidRequest(param, `'${param}' ${words}`)
}

/** `expected` has its article: `a string or an array of content parts`. */
export function wrongType(param: string, expected: string, value: unknown): ProxyError {
  if (value === undefined) return invalidRequest(param, `Missing required parameter: '${param}'.`)
  const kind = kindOf(value)
  return invalidRequest(param, `Invalid type for '${param}': expected ${expected}, but got ${kind} instead.`)
}

/** A field whose value is none of those that are known. */
export function unknownValue(param: string, supported: readonly unknown[], value: unknown): ProxyError {
  if (value === undefined) return invalidRequest(param, `Missing required parameter: '${param}'.`)
  const known = supported.map(quote).join(", ")
  return invalidRequest(
    param,
    `Invalid value for '${param}': ${quote(value)}. Supported values are: ${known}.`,
  )
}

/**
 * Parses a part of a request. `path` is where it stands in the request; only the first fault is
 * told. zod's own messages never reach a client, except those of our own `custom` issues.
 */
export function readShape<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw issue === undefined ? invalidRequest(path, `'${path}' is invalid.`) : faultOf(issue, value, path)
}

/** For bodies where a misspelt field would do harm. */
export function refuseUnknown(shape: z.ZodObject, value: WireObject): void {
  const unknown = Object.keys(value)
    .find((key) => !Object.hasOwn(shape.shape, key))
    ?.slice(0, 100)
  if (unknown === undefined) return
  const known = Object.keys(shape.shape).join(", ")
  throw invalidRequest(unknown, `Unknown parameter: '${unknown}'. Possible are: ${known}.`)
}

/** True for objects that are neither arrays nor null. */
export function isObject(value: unknown): value is WireObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** A body, or throws. */
export function bodyOf(input: unknown): WireObject {
  if (isObject(input)) return input
  throw new ProxyError("invalid_request", "The body must be a JSON object.")
}

/** A value as a client would write it, cut to a length that a message can bear. */
export function quote(value: unknown): string {
  if (typeof value === "object" && value !== null) return kindOf(value)
  const text = typeof value === "string" ? value : String(value)
  const characters = Array.from(text.slice(0, 200))
  const short = characters.length > 60 ? `${characters.slice(0, 60).join("")}…` : text
  return typeof value === "string" ? `'${short}'` : short
}

function faultOf(issue: z.core.$ZodIssue, root: unknown, base: string): ProxyError {
  const path = pathOf(base, issue.path)
  const value = valueAt(root, issue.path)
  switch (issue.code) {
    case "invalid_type":
      return wrongType(path, articleOf(issue.expected), value)
    case "invalid_value":
      return unknownValue(path, issue.values, value)
    case "too_big":
      return tooMuch(path, value, "at most", issue.maximum)
    case "too_small":
      return tooMuch(path, value, "at least", issue.minimum)
    case "custom":
      return invalidRequest(path, issue.message)
    default:
      return invalidRequest(path, `Invalid value for '${path}': ${quote(value)}.`)
  }
}

function tooMuch(path: string, value: unknown, bound: string, limit: number | bigint): ProxyError {
  const what =
    typeof value === "string"
      ? `its length is ${value.length}; ${bound} ${limit} characters are allowed`
      : Array.isArray(value)
        ? `it has ${value.length} entries; ${bound} ${limit} are allowed`
        : `${quote(value)}; it must be ${bound} ${limit}`
  return invalidRequest(path, `Invalid value for '${path}': ${what}.`)
}

function pathOf(base: string, keys: readonly PropertyKey[]): string {
  let path = base
  for (const key of keys) {
    if (typeof key === "number") path += `[${key}]`
    else path += path === "" ? String(key) : `.${String(key)}`
  }
  return path
}

function valueAt(root: unknown, keys: readonly PropertyKey[]): unknown {
  let value = root
  for (const key of keys) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

function kindOf(value: unknown): string {
  if (value === null) return "null"
  if (Array.isArray(value)) return "an array"
  if (typeof value === "object") return "an object"
  if (typeof value === "number") return Number.isFinite(value) ? "a number" : "a number out of range"
  return `a ${typeof value}`
}

function articleOf(expected: string): string {
  if (expected === "int") return "an integer"
  if (expected === "record" || expected === "object") return "an object"
  return expected === "array" ? "an array" : `a ${expected}`
}
