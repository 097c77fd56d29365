import { isSchema, mapInside, maps, type Schema } from "../../../domain/map-schema.ts"

/** Their values are data. */
const data = ["enum", "const", "default", "examples"]
const naming = ["$id", "$anchor", "$dynamicAnchor"]

/**
 * The schema with all references as places in it (`#/$defs/a`), and without the names and anchors
 * that others go by: CLIs drop what is named, or the definitions around it. What leads out of the
 * document stays.
 */
export function withPlainReferences(root: Schema): Schema {
  const places = new Map<string, string>()
  note(root, "#", "", places)
  const fragments = fragmentsOf(places)
  const plain = (schema: Schema, place: string, base: string): Schema => {
    const own = typeof schema.$id === "string" && place !== "#" ? place : base
    const isName = (key: string, value: unknown) => naming.includes(key) && typeof value === "string"
    const kept = Object.entries(schema).filter(([key, value]) => !isName(key, value))
    const { $ref: reference } = schema
    const inside = mapPlaces(Object.fromEntries(kept), place, (inner, at) => plain(inner, at, own))
    return typeof reference === "string"
      ? { ...inside, $ref: placeOf(reference, own, places, fragments) }
      : inside
  }
  return plain(root, "#", "#")
}

/** The schema with each reference replaced. */
export function withReferences(schema: Schema, change: (reference: string) => string): Schema {
  const inside = mapInside(schema, (inner) => (isSchema(inner) ? withReferences(inner, change) : inner))
  const { $ref: reference } = inside
  return typeof reference === "string" ? { ...inside, $ref: change(reference) } : inside
}

/** All that the schema refers to, wherever. */
export function referencesIn(schema: Schema): readonly string[] {
  const found: string[] = []
  withReferences(schema, (reference) => {
    found.push(reference)
    return reference
  })
  return found
}

/** What a reference within the document means; undefined: nothing that is found. */
export function referredTo(root: Schema, reference: unknown): unknown {
  if (typeof reference !== "string" || !reference.startsWith("#/")) return undefined
  let value: unknown = root
  for (const part of reference.slice(2).split("/")) {
    const name = unescaped(part)
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined
    value = Reflect.get(value, name)
  }
  return value
}

/** The name behind a part of a reference. */
export function unescaped(part: string): string {
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
  for (const [key, inner, at] of placesIn(value, place)) {
    if (!data.includes(key)) note(inner, at, own, places)
  }
}

/** What stands under each keyword, and in the keywords that hold names under each of them. */
function placesIn(schema: Schema, place: string): (readonly [string, unknown, string])[] {
  return Object.entries(schema).flatMap(([key, value]) => {
    const at = `${place}/${escaped(key)}`
    if (!maps.some((map) => map === key) || !isSchema(value)) return [[key, value, at] as const]
    return Object.entries(value).map(([name, inner]) => [key, inner, `${at}/${escaped(name)}`] as const)
  })
}

/**
 * By what names end in, from their `#` on: the first of each. Looked for name by name, a long list
 * of references would take seconds.
 */
function fragmentsOf(places: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const [name, place] of places) {
    for (const at of [name.indexOf("#"), name.lastIndexOf("#")]) {
      const fragment = at === -1 ? null : name.slice(at)
      if (fragment !== null && !found.has(fragment)) found.set(fragment, place)
    }
  }
  return found
}

/** `base`: the place that references beginning with `#` count from. */
function placeOf(
  reference: string,
  base: string,
  places: ReadonlyMap<string, string>,
  fragments: ReadonlyMap<string, string>,
): string {
  if (reference === "#" || reference.startsWith("#/")) return base + reference.slice(1)
  const named = (reference.startsWith("#") ? fragments : places).get(reference)
  if (named !== undefined) return named
  const [document = "", fragment] = reference.split("#", 2)
  const place = places.get(document)
  return place !== undefined && (fragment === "" || fragment?.startsWith("/")) ? place + fragment : reference
}

function mapPlaces(schema: Schema, place: string, change: (inner: Schema, at: string) => Schema): Schema {
  const walk = (value: unknown, at: string): unknown => {
    if (Array.isArray(value)) return value.map((inner, index) => walk(inner, `${at}/${index}`))
    return isSchema(value) ? change(value, at) : value
  }
  const mapped = (key: string, value: unknown): unknown => {
    if (data.includes(key)) return value
    const at = `${place}/${escaped(key)}`
    // Names that the client chose, whatever keywords they look like.
    if (!maps.some((map) => map === key) || !isSchema(value)) return walk(value, at)
    const entries = Object.entries(value)
    return Object.fromEntries(entries.map(([name, inner]) => [name, walk(inner, `${at}/${escaped(name)}`)]))
  }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, mapped(key, value)]))
}

/** A name as a part of a reference, but for what an address does not take. */
export function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1")
}
