import type { PageRequest } from "../../domain/pages.ts"
import { unknownFields } from "../../protocol/common/parameters.ts"
import { invalidRequest, quote, unknownValue } from "../../protocol/common/shape.ts"
import type { HttpContext } from "../server/http-env.ts"

/** A flag; absent is false. Throws `invalid_request` that names it, as all of these do. */
export function booleanQuery(context: HttpContext, name: string): boolean {
  const value = context.req.query(name)
  if (value === undefined || value === "false") return false
  if (value === "true") return true
  throw unknownValue(name, ["true", "false"], value)
}

/** A whole number from `min` to `max`; null: absent. */
export function integerQuery(context: HttpContext, name: string, min: number, max: number): number | null {
  const value = context.req.query(name)
  if (value === undefined) return null
  const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN
  if (number >= min && number <= max) return number
  throw invalidRequest(
    name,
    `Invalid value for '${name}': ${quote(value)}; it must be a whole number from ${min} to ${max}.`,
  )
}

/** A list in any form that clients send: `include=a&include=b`, `include[]=a`, `include[0]=a`. */
export function listQuery(context: HttpContext, name: string, allowed: readonly string[]): readonly string[] {
  const values: string[] = []
  for (const [key, value] of new URL(context.req.url).searchParams) {
    if (key === name || (key.startsWith(`${name}[`) && key.endsWith("]"))) values.push(value)
  }
  for (const value of values) if (!allowed.includes(value)) throw unknownValue(name, allowed, value)
  return values
}

/** `limit`, `order` and `after` of a list. Throws `invalid_request` that names the one at fault. */
export function pageOf(
  context: HttpContext,
  usualOrder: PageRequest["order"],
  maxSize = 100,
  usualSize = 20,
): PageRequest {
  const order = context.req.query("order") ?? usualOrder
  if (order !== "asc" && order !== "desc") throw unknownValue("order", ["asc", "desc"], order)
  return {
    order,
    limit: integerQuery(context, "limit", 1, maxSize) ?? usualSize,
    after: context.req.query("after") ?? null,
  }
}

/** Tells a client which fields of its body have no effect; nothing where there are none. */
export function advisoryHeader(names: readonly string[]): Record<string, string> {
  return names.length === 0 ? {} : { "x-advisory-parameters": names.join(", ") }
}

/** The same of a body whose route knows these fields only. */
export function unknownIn(body: unknown, known: readonly string[]): Record<string, string> {
  return advisoryHeader(unknownFields(body, known))
}
