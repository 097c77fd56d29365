/** Arguments of a function as somebody declares them in their language, before a library writes them as a JSON Schema. */
export type Type =
  | { readonly kind: "string"; readonly format?: string; readonly pattern?: string }
  | { readonly kind: "integer"; readonly bits: 32 | 64; readonly isUnsigned?: true }
  | { readonly kind: "number" | "boolean" | "any" | "date" }
  | { readonly kind: "enum"; readonly values: readonly string[] }
  | { readonly kind: "literal"; readonly value: string | number }
  | { readonly kind: "array" | "map" | "nullable"; readonly of: Type }
  | { readonly kind: "tuple" | "union"; readonly of: readonly Type[] }
  /** Objects that one field tells apart. */
  | { readonly kind: "tagged"; readonly tag: string; readonly of: readonly NamedObject[] }
  | NamedObject
  /** An object that is declared around this place. */
  | { readonly kind: "self"; readonly name: string }

export interface NamedObject {
  readonly kind: "object"
  readonly name: string
  readonly fields: readonly Field[]
}

export interface Field {
  readonly name: string
  readonly type: Type
  readonly isOptional?: true
  readonly description?: string
  readonly default?: unknown
}

export interface Shape {
  readonly name: string
  readonly root: NamedObject
  /** Arguments that are valid. */
  readonly sample: Readonly<Record<string, unknown>>
}

const string = { kind: "string" } as const
const integer = { kind: "integer", bits: 32 } as const
const number = { kind: "number" } as const
const boolean = { kind: "boolean" } as const
const any = { kind: "any" } as const
const array = (of: Type): Type => ({ kind: "array", of })
const map = (of: Type): Type => ({ kind: "map", of })
const nullable = (of: Type): Type => ({ kind: "nullable", of })
const field = (name: string, type: Type, more: Partial<Field> = {}): Field => ({ name, type, ...more })
const optional = (name: string, type: Type, more: Partial<Field> = {}): Field => ({
  name,
  type,
  isOptional: true,
  ...more,
})
const object = (name: string, ...fields: Field[]): NamedObject => ({ kind: "object", name, fields })

const point = object("Point", field("x", number), field("y", number))
const address = object(
  "Address",
  field("street", string, { description: "Street and number" }),
  optional("zip", { kind: "string", pattern: "^[0-9]{5}$" }),
)

function shape(name: string, fields: readonly Field[], sample: Shape["sample"]): Shape {
  return { name, root: object("Arguments", ...fields), sample }
}

export const shapes: readonly Shape[] = [
  shape("flat", [field("city", string, { description: "A city" })], { city: "Oslo" }),
  shape("nothing", [], {}),
  shape(
    "numbers",
    [
      field("count", integer),
      field("id", { kind: "integer", bits: 64 }),
      field("size", { kind: "integer", bits: 32, isUnsigned: true }),
      field("ratio", number),
      field("ok", boolean),
    ],
    { count: 1, id: 2, size: 3, ratio: 0.5, ok: true },
  ),
  shape("choice", [field("unit", { kind: "enum", values: ["celsius", "fahrenheit"] })], { unit: "celsius" }),
  shape("literal", [field("kind", { kind: "literal", value: "fixed" })], { kind: "fixed" }),
  shape(
    "optional",
    [field("query", string), optional("limit", integer, { default: 10 }), optional("cursor", string)],
    { query: "a" },
  ),
  shape("nullable", [field("name", nullable(string)), optional("age", nullable(integer))], { name: null }),
  shape("nested", [field("to", address)], { to: { street: "Main 1" } }),
  shape("list", [field("tags", array(string)), field("points", array(point))], {
    tags: ["a"],
    points: [{ x: 1, y: 2 }],
  }),
  shape("matrix", [field("rows", array(array(number)))], { rows: [[1, 2], [3]] }),
  shape("map", [field("labels", map(string)), optional("counts", map(integer))], { labels: { a: "b" } }),
  shape("anything", [field("value", any), optional("items", array(any))], { value: { a: 1 } }),
  shape("tuple", [field("range", { kind: "tuple", of: [number, string] })], { range: [1, "a"] }),
  shape("union", [field("id", { kind: "union", of: [string, integer, array(string)] })], { id: "a" }),
  shape(
    "tagged",
    [
      field("shape", {
        kind: "tagged",
        tag: "type",
        of: [object("Circle", field("radius", number)), object("Square", field("side", number))],
      }),
    ],
    { shape: { type: "Circle", radius: 1 } },
  ),
  shape(
    "tree",
    [
      field(
        "root",
        object("Node", field("value", string), optional("children", array({ kind: "self", name: "Node" }))),
      ),
    ],
    { root: { value: "a", children: [{ value: "b" }] } },
  ),
  shape(
    "formats",
    [
      field("at", { kind: "date" }),
      field("mail", { kind: "string", format: "email" }),
      field("link", { kind: "string", format: "uri" }),
      field("key", { kind: "string", format: "uuid" }),
    ],
    {
      at: "2026-01-01T00:00:00Z",
      mail: "a@example.com",
      link: "https://example.com",
      key: "7f6b1a1e-4a52-4c5e-9d0a-2d1b6b1d7c11",
    },
  ),
  shape(
    "names",
    [field("class", string), field("type", string), field("$ref_to", string), optional("items", string)],
    { class: "a", type: "b", $ref_to: "c" },
  ),
]
