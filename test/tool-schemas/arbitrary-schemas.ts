import { Ajv2020 } from "ajv/dist/2020.js"
import fc from "fast-check"
import { withoutLooseNullable } from "../../src/domain/newer-draft.ts"

type Json = Record<string, unknown>

/** A JSON Schema and a value that is valid against it. */
export interface Specimen {
  readonly schema: unknown
  readonly value: unknown
  /** Definitions that the schema refers to by their places. */
  readonly definitions: Json
}

/** A function's parameters and arguments that are valid. */
export interface Parameters {
  readonly parameters: Readonly<Json>
  readonly sample: Readonly<Json>
}

/** Matches no value that is made here. */
const never = { const: "matches no value" }
/** A property of this name is what promises have. */
const then = "then"

/** Names that are words of JSON Schema or of JavaScript, that have to be escaped somewhere, or that are long. */
const propertyName = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z][a-zA-Z0-9_]{0,12}$/) },
  fc.constantFrom(
    ...["type", "properties", "required", "$ref", "items", "enum", "const", "default", "examples", "anyOf"],
    ...["$defs", "definitions", "id", "$id", "$schema", "title", "description", "format", "nullable", "not"],
    ...[
      "toString",
      "hasOwnProperty",
      "length",
      "class",
      "user.name",
      "user-id",
      "$filter",
      "a b",
      "a/b",
      "a~b",
    ],
    ...["x%41", "naïve", "天気", "0", "1", "@type", "#", "", "a\nb", "^a$", "(", "[0]", "x".repeat(80)],
  ),
)
/** As before, and names that MCP's own library loses in the lists of tools. */
const anyPropertyName = fc.oneof(
  { weight: 12, arbitrary: propertyName },
  fc.constantFrom("constructor", "__proto__"),
)
const definitionName = fc.oneof(
  fc.stringMatching(/^[A-Z][a-z]{0,6}$/),
  fc.constantFrom("top", "a/b", "a~b", "a b", "List<A>", "constructor", "naïve", "x%41", "a.B$c", "0"),
)

const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom("Oslo", "", "天気", "a\nb", '"', "\\", "</message>", "/help"),
)
const data = fc.jsonValue({ maxDepth: 2 }).map((value): unknown => JSON.parse(JSON.stringify(value)))

const plain = (schema: unknown, value: unknown): Specimen => ({ schema, value, definitions: {} })

/** What says nothing about values. */
const annotations = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  fc.constantFrom<Json>(
    { description: "Say it." },
    { title: "It", default: null },
    { examples: [1, "a"], deprecated: true },
    { "x-order": 1, readOnly: true },
    { $comment: "by hand", nullable: true },
  ),
)

const strings = fc.oneof(
  text.map((value) => plain({ type: "string" }, value)),
  text.map((value) => plain({ type: "string", maxLength: 20 }, value)),
  text.map((value) => plain({ enum: [value, "other", 1] }, value)),
  text.map((value) => plain({ const: value }, value)),
  text.map((value) => plain({ type: ["string", "null"], nullable: true }, value)),
  fc.constantFrom(
    plain({ type: "string", format: "date-time" }, "2026-01-01T00:00:00Z"),
    plain({ type: "string", format: "int64" }, "5"),
    plain({ type: "string", pattern: "^[0-9]{5}$" }, "01234"),
    plain({ type: "string", contentMediaType: "image/png" }, "aa=="),
  ),
)
const scalars = fc.oneof(
  strings,
  fc.integer().map((value) => plain({ type: "integer" }, value)),
  fc.integer({ min: 0 }).map((value) => plain({ type: "number", minimum: 0, format: "double" }, value)),
  fc.integer({ min: 1 }).map((value) => plain({ type: "number", exclusiveMinimum: 0 }, value)),
  fc.boolean().map((value) => plain({ type: "boolean" }, value)),
  fc.constantFrom(plain({ type: "null" }, null), plain({ const: { a: [1] } }, { a: [1] })),
  data.map((value) => plain({}, value)),
  data.map((value) => plain(true, value)),
  data.map((value) => plain({ nullable: true }, value)),
)

function objectOf(inner: fc.Arbitrary<Specimen>, names: fc.Arbitrary<string>): fc.Arbitrary<Specimen> {
  const property = fc.record({ name: names, specimen: inner, isSaid: fc.boolean(), isRequired: fc.boolean() })
  return fc
    .record({
      properties: fc.uniqueArray(property, { selector: ({ name }) => name, maxLength: 5 }),
      rest: fc.constantFrom<Json>(
        {},
        { additionalProperties: false },
        { additionalProperties: true },
        { additionalProperties: { type: "string" } },
        { patternProperties: { "^x-": true } },
        { unevaluatedProperties: false },
        { minProperties: 0, propertyNames: { minLength: 0 } },
      ),
      hasFalse: fc.boolean(),
      hasMore: fc.boolean(),
    })
    .map(({ properties, rest, hasFalse, hasMore }) => {
      const said = properties.filter(({ isSaid }) => isSaid)
      const required = said.filter(({ isRequired }) => isRequired).map(({ name }) => name)
      const schemas = properties.map(({ name, specimen }) => [name, specimen.schema] as const)
      return {
        schema: {
          type: "object",
          properties: Object.fromEntries(hasFalse ? [...schemas, ["never", false]] : schemas),
          ...(required.length > 0 && { required }),
          ...rest,
        },
        value: Object.fromEntries([
          ...(hasMore && rest.additionalProperties !== undefined && rest.additionalProperties !== false
            ? [["more", "besides"]]
            : []),
          ...said.map(({ name, specimen }) => [name, specimen.value]),
        ]),
        definitions: allDefinitions(properties.map(({ specimen }) => specimen)),
      }
    })
}

function listOf(inner: fc.Arbitrary<Specimen>): fc.Arbitrary<Specimen> {
  return fc.oneof(
    inner.map(({ schema, value, definitions }) => ({
      schema: { type: "array", items: schema },
      value: [value, value],
      definitions,
    })),
    fc.array(data, { maxLength: 2 }).map((value) => plain({ type: "array" }, value)),
    fc
      .record({
        places: fc.array(inner, { minLength: 1, maxLength: 3 }),
        end: fc.constantFrom<Json>({}, { items: false }, { items: { type: "number" } }),
      })
      .map(({ places, end }) => ({
        schema: { type: "array", prefixItems: places.map(({ schema }) => schema), ...end },
        value: places.map(({ value }) => value),
        definitions: allDefinitions(places),
      })),
  )
}

/** The same value by another schema around it. */
function around(inner: fc.Arbitrary<Specimen>): fc.Arbitrary<Specimen> {
  return fc
    .record({ specimen: inner, form: fc.nat(7), name: definitionName })
    .map(({ specimen: { schema, value, definitions }, form, name }) => {
      const made = (outer: unknown): Specimen => ({ schema: outer, value, definitions })
      switch (form) {
        case 0:
          return made({ anyOf: [never, schema] })
        case 1:
          return made({ oneOf: [schema, never] })
        case 2:
          return made({ allOf: [schema, true, {}] })
        case 3:
          return made({ anyOf: [schema, { type: "null" }], default: null })
        case 4:
          return made({ allOf: [schema], not: never })
        case 5:
          return made({ if: never, [then]: false, else: schema })
        default: {
          if (Object.hasOwn(definitions, name)) return made(schema)
          const place = `#/$defs/${encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"))}`
          return { schema: { $ref: place }, value, definitions: { ...definitions, [name]: schema } }
        }
      }
    })
}

function withAnnotations(inner: fc.Arbitrary<Specimen>): fc.Arbitrary<Specimen> {
  return fc.tuple(inner, annotations).map(([specimen, more]) => ({
    ...specimen,
    schema: isObject(specimen.schema) ? { ...more, ...specimen.schema } : specimen.schema,
  }))
}

function specimens(depth: number): fc.Arbitrary<Specimen> {
  if (depth === 0) return withAnnotations(scalars)
  const inner = specimens(depth - 1)
  return withAnnotations(
    fc.oneof(
      { weight: 3, arbitrary: scalars },
      { weight: 2, arbitrary: objectOf(inner, propertyName) },
      listOf(inner),
      around(inner),
    ),
  )
}

/** How the top of a schema is put together. */
const tops = [
  ...([
    "plain",
    "ref",
    "allOf",
    "all evaluated",
    "anyOf",
    "oneOf",
    "else",
    "dependent",
    "depending",
  ] as const),
  ...(["enum", "not", "booleans"] as const),
]

/** One for all: it compiles the newest draft's own schema once. */
const compiler = new Ajv2020({ strict: false, validateFormats: false, logger: false, ownProperties: true })

/** What is wrong with the value by a schema of the newest draft; null: nothing. */
export function problemOf(schema: unknown, value: unknown): string | null {
  // The compiler wants a type beside `nullable`.
  const told = isObject(schema) ? withoutLooseNullable(schema) : schema
  try {
    const check = compiler.compile(JSON.parse(JSON.stringify(told)))
    return check(value) ? null : JSON.stringify(check.errors)
  } finally {
    // Else two of one name would be one too many.
    compiler.removeSchema()
  }
}

/** Everything that people and their libraries write as parameters, and what nobody does. */
export const anyParameters: fc.Arbitrary<Parameters> = fc
  .record({
    object: objectOf(specimens(2), anyPropertyName),
    other: objectOf(specimens(1), fc.stringMatching(/^other_[a-z]$/)),
    top: fc.constantFrom(...tops),
    type: fc.constantFrom<Json>({ type: "object" }, { type: "object" }, {}, { type: ["object", "null"] }),
    dialect: fc.constantFrom<Json>({}, {}, { $schema: "https://json-schema.org/draft/2020-12/schema" }),
    id: fc.constantFrom<Json>({}, {}, { $id: "https://example.com/in" }),
    more: annotations,
  })
  .map(({ object, other, top, type, dialect, id, more }) => {
    const definitions = allDefinitions([object, other])
    const { type: _own, ...own } = Object(object.schema) as Json
    const alternative = Object(other.schema) as Json
    const head = { ...dialect, ...id, ...more, ...type }
    const { schema, isBoth = false } = topOf(top, own, alternative, object.value)
    const sample = { ...Object(object.value), ...(isBoth && Object(other.value)) }
    const defs = { ...definitions, ...Object(schema.$defs) }
    return {
      parameters: { ...head, ...schema, ...(Object.keys(defs).length > 0 && { $defs: defs }) },
      sample,
    }
  })
  // The compiler loses that name where it looks for what is left over.
  .filter(({ parameters }) => !/"__proto__".*"unevaluatedProperties"/s.test(JSON.stringify(parameters)))
  // Parts that know nothing of each other may contradict each other.
  .filter(({ parameters, sample }) => problemOf(parameters, sample) === null)

function topOf(
  top: (typeof tops)[number],
  own: Json,
  alternative: Json,
  value: unknown,
): { readonly schema: Json; readonly isBoth?: boolean } {
  switch (top) {
    case "plain":
      return { schema: own }
    case "ref":
      return { schema: { $ref: "#/$defs/The%20top", $defs: { "The top": own } } }
    case "allOf":
      return { schema: { allOf: [opened(own), opened(alternative)] }, isBoth: true }
    case "all evaluated":
      return {
        schema: { allOf: [opened(own), opened(alternative)], unevaluatedProperties: false },
        isBoth: true,
      }
    case "anyOf":
      return { schema: { anyOf: [own, { ...alternative, required: ["never"] }] } }
    case "oneOf":
      return { schema: { oneOf: [{ ...alternative, required: ["never"] }, own] } }
    case "else":
      return { schema: { if: { required: ["never"] }, [then]: false, else: own } }
    case "dependent":
      return { schema: { ...own, dependentSchemas: { never: { required: ["other"] } } } }
    case "depending": {
      const [first] = Object.keys(Object(value))
      const depends = first === undefined ? {} : { dependentSchemas: { [first]: opened(alternative) } }
      return {
        schema: { ...opened(own), ...depends, unevaluatedProperties: false },
        isBoth: first !== undefined,
      }
    }
    case "enum":
      return { schema: { ...own, enum: [{ other: 1 }, value] } }
    case "not":
      return { schema: { ...own, not: { required: ["never"] } } }
    case "booleans":
      return { schema: { ...own, anyOf: [{ required: ["never"] }, true], allOf: [true, {}] } }
  }
}

/** Without what refuses the properties of others. */
function opened(schema: Json): Json {
  const { additionalProperties: _additional, unevaluatedProperties: _unevaluated, ...rest } = schema
  return rest
}

function allDefinitions(all: readonly Specimen[]): Json {
  return Object.fromEntries(all.flatMap(({ definitions }) => Object.entries(definitions)))
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
