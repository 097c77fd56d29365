import { isSchema, mapInside, type Schema } from "../../domain/map-schema.ts"

/** Their values are data. */
const data = ["enum", "const", "default", "examples"]

/**
 * The schema with all references as places in it (`#/$defs/a`), and without the names and anchors that others go by: CLIs drop
 * what is named, or the definitions around it. What leads out of the document stays.
 */
export function withPlainReferences(root: Schema): Schema {
  const places = new Map<string, string>()
  note(root, "#", "", places)
  const plain = (schema: Schema, place: string, base: string): Schema => {
    const { $id, $anchor, $dynamicAnchor, ...rest } = schema
    const own = typeof $id === "string" && place !== "#" ? place : base
    const kept: Schema = {
      ...rest,
      ...($id !== undefined && typeof $id !== "string" && { $id }),
      ...($anchor !== undefined && typeof $anchor !== "string" && { $anchor }),
      ...($dynamicAnchor !== undefined && typeof $dynamicAnchor !== "string" && { $dynamicAnchor }),
    }
    const { $ref: reference } = kept
    const inside = mapPlaces(kept, place, (inner, at) => plain(inner, at, own))
    return typeof reference === "string" ? { ...inside, $ref: placeOf(reference, own, places) } : inside
  }
  return plain(root, "#", "#")
}

/** The schema with each reference replaced. */
export function withReferences(schema: Schema, change: (reference: string) => string): Schema {
  const inside = mapInside(schema, (inner) => (isSchema(inner) ? withReferences(inner, change) : inner))
  const { $ref: reference } = inside
  return typeof reference === "string" ? { ...inside, $ref: change(reference) } : inside
}

export function refersTo(value: unknown, start: string): boolean {
  if (Array.isArray(value)) return value.some((inner) => refersTo(inner, start))
  if (!isSchema(value)) return false
  return Object.entries(value).some(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? inner.startsWith(start) : refersTo(inner, start),
  )
}

/** What a reference within the document means; undefined: nothing that is found. */
export function targetOf(root: Schema, reference: unknown): unknown {
  if (typeof reference !== "string" || !reference.startsWith("#/")) return undefined
  let value: unknown = root
  for (const part of reference.slice(2).split("/")) {
    if (!isSchema(value)) return undefined
    value = value[unescaped(part)]
  }
  return value
}

function unescaped(part: string): string {
  let text = part
  try {
    text = decodeURIComponent(part)
  } catch {
    // A percent sign that stands for itself.
  }
  return text.replaceAll("~1", "/").replaceAll("~0", "~")
}

/** Notes where everything is that has a name. */
function note(value: unknown, place: string, base: string, places: Map<string, string>): void {
  if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) note(inner, `${place}/${index}`, base, places)
  }
  if (!isSchema(value)) return
  const id = [value.$id, value.id].find((name) => typeof name === "string")
  const own = typeof id === "string" ? id.replace(/#$/, "") : base
  if (typeof id === "string") places.set(own, place)
  for (const anchor of [value.$anchor, value.$dynamicAnchor]) {
    if (typeof anchor === "string") places.set(`${own}#${anchor}`, place)
  }
  for (const [key, inner] of Object.entries(value)) {
    if (!data.includes(key)) note(inner, `${place}/${escaped(key)}`, own, places)
  }
}

/** `base`: the place that references beginning with `#` count from. */
function placeOf(reference: string, base: string, places: ReadonlyMap<string, string>): string {
  if (reference === "#" || reference.startsWith("#/")) return base + reference.slice(1)
  const named = [...places].find(
    ([name]) => name === reference || (reference.startsWith("#") && name.endsWith(reference)),
  )
  if (named !== undefined) return named[1]
  const [document = "", fragment] = reference.split("#", 2)
  const place = places.get(document)
  return place !== undefined && (fragment === "" || fragment?.startsWith("/")) ? place + fragment : reference
}

function mapPlaces(schema: Schema, place: string, change: (inner: Schema, at: string) => Schema): Schema {
  const walk = (value: unknown, at: string): unknown => {
    if (Array.isArray(value)) return value.map((inner, index) => walk(inner, `${at}/${index}`))
    return isSchema(value) ? change(value, at) : value
  }
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      data.includes(key) ? value : walk(value, `${place}/${escaped(key)}`),
    ]),
  )
}

function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1")
}
