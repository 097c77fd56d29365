import { isExactNumber } from "../../domain/exact-numbers.ts"
import { maps, type Schema } from "../../domain/map-schema.ts"

/** UTF-16 units of the schema as JSON. */
export const maxSchemaLength = 256 * 1024
/** Objects and arrays inside each other. */
export const maxSchemaDepth = 64
/** Names in `properties`, `$defs` and the like, altogether. */
export const maxSchemaNames = 5000

/** Their values are data. */
const data = ["enum", "const", "default", "examples", "required"]
const references = ["$ref", "$dynamicRef", "$recursiveRef"]

type Kind = "schema" | "map" | "data"

/** What a client's schema may not have (so much of), in words after "they"; null: nothing. */
export function schemaFault(schema: Schema): string | null {
  const ids = new Set<string>()
  const remote: string[] = []
  let names = 0
  // No recursion: the depth is what is to be found out.
  const open: { value: object; depth: number; kind: Kind }[] = [{ value: schema, depth: 1, kind: "schema" }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth, kind } = next
    if (depth > maxSchemaDepth) return `are nested deeper than ${maxSchemaDepth} levels`
    const isSchema = kind === "schema" && !Array.isArray(value)
    if (isSchema && Object.hasOwn(value, "$async")) return "use '$async', which is not supported"
    const entries = Object.entries(value)
    if (kind === "map") names += entries.length
    if (names > maxSchemaNames) return `have more than ${maxSchemaNames} properties`
    for (const [key, inner] of entries) {
      if (isExactNumber(inner)) {
        if (!Number.isFinite(Number(inner.rawJSON)))
          return `have a number that is too large for any program: ${inner.rawJSON.slice(0, 50)}`
        continue
      }
      if (isSchema && typeof inner === "string") {
        if (key === "$id") ids.add(withoutFragment(inner))
        else if (references.includes(key) && /^[a-z][a-z0-9+.-]*:\/\//i.test(inner)) remote.push(inner)
      }
      if (typeof inner !== "object" || inner === null) continue
      open.push({ value: inner, depth: depth + 1, kind: isSchema ? kindOf(key) : innerKind(kind) })
    }
  }
  const foreign = remote.find((reference) => !ids.has(withoutFragment(reference)))
  if (foreign !== undefined)
    return `refer to '${foreign.slice(0, 200)}': a '$ref' to another document is not fetched`
  return JSON.stringify(schema).length > maxSchemaLength
    ? `are longer than ${maxSchemaLength} characters`
    : null
}

function kindOf(keyword: string): Kind {
  if (maps.includes(keyword)) return "map"
  return data.includes(keyword) ? "data" : "schema"
}

/** Of what is in a list or a map. */
function innerKind(kind: Kind): Kind {
  return kind === "data" ? "data" : "schema"
}

function withoutFragment(uri: string): string {
  return uri.split("#", 1)[0] ?? uri
}
