import type { Field, NamedObject, Type } from "./shapes.ts"

type Schema = Record<string, unknown>

/** How a library writes a declaration as a JSON Schema: what makes its schemas unlike those of others. */
interface Style {
  readonly root: (body: Schema, definitions: Schema) => Schema
  /** Objects inside are definitions, and referred to. */
  readonly refersTo: string | null
  readonly closes: false | Schema["additionalProperties"]
  readonly null: "anyOf" | "types" | "nullable" | "default-null"
  readonly tuple: "prefixItems" | "items"
  readonly any: unknown
  readonly map?: (of: unknown) => Schema
  readonly integer?: (type: Extract<Type, { kind: "integer" }>) => Schema
  readonly number?: Schema
  readonly literal: (value: string | number) => Schema
  readonly enum?: (values: readonly string[]) => Schema
  readonly union?: "anyOf" | "oneOf"
  readonly tagged: (alternatives: readonly unknown[], tag: string) => Schema
  readonly field?: (field: Field) => Schema
  readonly object?: (object: NamedObject) => Schema
}

const draft2020 = "https://json-schema.org/draft/2020-12/schema"
const draft07 = "http://json-schema.org/draft-07/schema#"
const safe = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
const withConst = (value: string | number): Schema => ({ type: typeof value, const: value })
const justConst = (value: string | number): Schema => ({ const: value })
const anyOf = (alternatives: readonly unknown[]): Schema => ({ anyOf: alternatives })
const oneOf = (alternatives: readonly unknown[]): Schema => ({ oneOf: alternatives })
const title = (name: string) => name.replace(/^./, (first) => first.toUpperCase())
const sized = ({ bits, isUnsigned }: Extract<Type, { kind: "integer" }>): Schema => ({
  type: "integer",
  format: `${isUnsigned === true ? "u" : ""}int${bits}`,
  ...(isUnsigned === true && { minimum: 0 }),
})
const definitionsAs = (key: string, definitions: Schema): Schema =>
  Object.keys(definitions).length === 0 ? {} : { [key]: definitions }

export const styles: Readonly<Record<string, Style>> = {
  zod3: {
    root: (body, definitions) => ({
      ...body,
      ...definitionsAs("definitions", definitions),
      $schema: draft07,
    }),
    refersTo: null,
    closes: false,
    null: "types",
    tuple: "items",
    any: {},
    literal: withConst,
    tagged: anyOf,
  },
  zod4: {
    root: (body, definitions) => ({ $schema: draft2020, ...body, ...definitionsAs("$defs", definitions) }),
    refersTo: null,
    closes: false,
    null: "anyOf",
    tuple: "prefixItems",
    any: {},
    map: (of) => ({ type: "object", propertyNames: { type: "string" }, additionalProperties: of }),
    integer: () => ({ type: "integer", ...safe }),
    literal: withConst,
    tagged: oneOf,
  },
  pydantic: {
    root: (body, definitions) => ({ ...definitionsAs("$defs", definitions), ...body, title: "Arguments" }),
    refersTo: "#/$defs/",
    closes: false,
    null: "default-null",
    tuple: "prefixItems",
    any: {},
    literal: withConst,
    tagged: (alternatives, tag) => ({ oneOf: alternatives, discriminator: { propertyName: tag } }),
    field: ({ name }) => ({ title: title(name) }),
    object: ({ name }) => ({ title: name }),
  },
  go_invopop: {
    root: (body, definitions) => ({
      $schema: draft2020,
      $id: "https://example.com/tools/arguments",
      $ref: "#/$defs/Arguments",
      $defs: { ...definitions, Arguments: body },
    }),
    refersTo: "#/$defs/",
    closes: false,
    null: "anyOf",
    tuple: "prefixItems",
    any: true,
    literal: justConst,
    union: "oneOf",
    tagged: oneOf,
  },
  go_mcp: {
    root: (body, definitions) => ({ ...body, ...definitionsAs("$defs", definitions) }),
    refersTo: null,
    closes: { not: {} },
    null: "types",
    tuple: "prefixItems",
    any: true,
    map: (of) => ({ type: ["null", "object"], additionalProperties: of }),
    literal: justConst,
    tagged: oneOf,
  },
  java_victools: {
    root: (body, definitions) => ({ $schema: draft2020, ...definitionsAs("$defs", definitions), ...body }),
    refersTo: "#/$defs/",
    closes: false,
    null: "types",
    tuple: "prefixItems",
    any: {},
    integer: sized,
    number: { type: "number", format: "double" },
    literal: justConst,
    tagged: anyOf,
  },
  spring_ai: {
    root: (body, definitions) => ({
      $schema: draft2020,
      ...definitionsAs("$defs", definitions),
      additionalProperties: false,
      ...body,
    }),
    refersTo: null,
    closes: false,
    null: "types",
    tuple: "prefixItems",
    any: {},
    integer: ({ bits }) => ({ type: "integer", format: `int${bits}` }),
    number: { type: "number", format: "float" },
    literal: (value) => ({ enum: [value] }),
    tagged: oneOf,
  },
  rust_schemars: {
    root: (body, definitions) => ({
      $schema: draft2020,
      title: "Arguments",
      ...body,
      ...definitionsAs("$defs", definitions),
    }),
    refersTo: "#/$defs/",
    closes: false,
    null: "types",
    tuple: "prefixItems",
    any: true,
    integer: sized,
    number: { type: "number", format: "double" },
    literal: withConst,
    enum: (values) => ({
      oneOf: values.map((value) => ({ description: value, type: "string", const: value })),
    }),
    tagged: oneOf,
  },
  rust_schemars_0: {
    root: (body, definitions) => ({
      $schema: draft07,
      title: "Arguments",
      ...body,
      ...definitionsAs("definitions", definitions),
    }),
    refersTo: "#/definitions/",
    closes: false,
    null: "types",
    tuple: "items",
    any: true,
    integer: sized,
    literal: (value) => ({ type: typeof value, enum: [value] }),
    tagged: oneOf,
  },
  typescript: {
    root: (body, definitions) => ({
      $ref: "#/definitions/Arguments",
      $schema: draft07,
      definitions: { ...definitions, Arguments: body },
    }),
    refersTo: "#/definitions/",
    closes: false,
    null: "types",
    tuple: "items",
    any: {},
    literal: withConst,
    tagged: anyOf,
  },
  openapi: {
    root: (body, definitions) => ({ ...body, ...definitionsAs("definitions", definitions), "x-order": 1 }),
    refersTo: null,
    closes: false,
    null: "nullable",
    tuple: "items",
    any: { nullable: true },
    integer: ({ bits }) => ({ type: "integer", format: `int${bits}`, example: 1 }),
    number: { type: "number", format: "double" },
    literal: (value) => ({ type: typeof value, enum: [value] }),
    union: "oneOf",
    tagged: (alternatives, tag) => ({ oneOf: alternatives, discriminator: { propertyName: tag } }),
    field: ({ name }) => ({ "x-field-name": name }),
  },
  dotnet: {
    root: (body, definitions) => ({ ...body, ...definitionsAs("$defs", definitions) }),
    refersTo: null,
    closes: false,
    null: "types",
    tuple: "prefixItems",
    any: true,
    literal: justConst,
    tagged: anyOf,
  },
}

/** The JSON Schema that the library of that name writes of a declaration. */
export function written(name: string, root: NamedObject): Schema {
  const style = styles[name]
  if (style === undefined) throw new Error(`there is no style ${name}`)
  const definitions: Schema = {}
  const refersTo = style.refersTo ?? (name === "zod3" || name === "openapi" ? "#/definitions/" : "#/$defs/")

  const objectSchema = (object: NamedObject, tag: string | null): Schema => ({
    ...style.object?.(object),
    type: "object",
    properties: {
      ...(tag !== null && { [tag]: style.literal(object.name) }),
      ...Object.fromEntries(object.fields.map((field) => [field.name, fieldSchema(field)])),
    },
    ...required([
      ...(tag === null ? [] : [tag]),
      ...object.fields.filter(({ isOptional }) => isOptional !== true).map((field) => field.name),
    ]),
    additionalProperties: style.closes,
  })

  const fieldSchema = (field: Field): unknown => {
    const inner = schemaOf(field.type)
    if (typeof inner !== "object" || inner === null) return inner
    return {
      ...inner,
      ...style.field?.(field),
      ...(field.description !== undefined && { description: field.description }),
      ...(field.default !== undefined && { default: field.default }),
    }
  }

  const referred = (object: NamedObject, tag: string | null): Schema => {
    const isRecursive = JSON.stringify(object).includes('"self"')
    if (style.refersTo === null && !isRecursive) return objectSchema(object, tag)
    definitions[object.name] ??= objectSchema(object, tag)
    return { $ref: refersTo + object.name }
  }

  const schemaOf = (type: Type): unknown => {
    switch (type.kind) {
      case "string":
        return {
          type: "string",
          ...(type.format !== undefined && { format: type.format }),
          ...(type.pattern !== undefined && { pattern: type.pattern }),
        }
      case "date":
        return { type: "string", format: "date-time" }
      case "integer":
        return style.integer?.(type) ?? { type: "integer" }
      case "number":
        return style.number ?? { type: "number" }
      case "boolean":
        return { type: "boolean" }
      case "any":
        return style.any
      case "enum":
        return style.enum?.(type.values) ?? { type: "string", enum: type.values }
      case "literal":
        return style.literal(type.value)
      case "array":
        return { type: "array", items: schemaOf(type.of) }
      case "map":
        return style.map?.(schemaOf(type.of)) ?? { type: "object", additionalProperties: schemaOf(type.of) }
      case "tuple": {
        const items = type.of.map(schemaOf)
        const ends = { minItems: items.length, maxItems: items.length }
        return { type: "array", [style.tuple]: items, ...ends }
      }
      case "union":
        return { [style.union ?? "anyOf"]: type.of.map(schemaOf) }
      case "nullable":
        return nullOr(schemaOf(type.of))
      case "tagged":
        return style.tagged(
          type.of.map((object) => referred(object, type.tag)),
          type.tag,
        )
      case "object":
        return referred(type, null)
      case "self":
        return { $ref: refersTo + type.name }
    }
  }

  const nullOr = (inner: unknown): unknown => {
    const told: Schema = typeof inner === "object" && inner !== null ? { ...inner } : {}
    switch (style.null) {
      case "anyOf":
        return { anyOf: [inner, { type: "null" }] }
      case "default-null":
        return { anyOf: [inner, { type: "null" }], default: null }
      case "types":
        return { ...told, type: [told.type, "null"] }
      case "nullable":
        return { ...told, nullable: true, type: [told.type, "null"] }
    }
  }

  const body = objectSchema(root, null)
  return style.root(body, definitions)
}

function required(names: readonly string[]): Schema {
  return names.length === 0 ? {} : { required: names }
}
