import type { CorpusEntry } from "./corpus.ts"

type Schema = Record<string, unknown>

const city = { city: { type: "string" } }
const object = (more: Schema = {}): Schema => ({ type: "object", properties: city, ...more })
const entry = (name: string, parameters: Schema, sample: Schema = { city: "Oslo" }): CorpusEntry => ({
  name: `hand_${name}`,
  parameters,
  sample,
})

/** What people write by hand: every draft, combinations at the top, and names that are unusual. */
export const byHand: readonly CorpusEntry[] = [
  entry("no_type", { properties: city }),
  entry("empty", {}),
  entry("type_list", { type: ["object", "null"], properties: city }),
  entry("boolean_properties", { type: "object", properties: { ...city, x: true } }, { city: "Oslo", x: 1 }),
  entry("never_property", { type: "object", properties: { ...city, x: false } }),
  entry(
    "boolean_items",
    { type: "object", properties: { list: { type: "array", items: true } } },
    { list: [1] },
  ),
  entry(
    "boolean_inside",
    { type: "object", properties: { a: { type: "object", properties: { b: true } } } },
    { a: { b: 1 } },
  ),
  entry("no_items", { type: "object", properties: { list: { type: "array" } } }, { list: [1, "a"] }),
  entry("any_of_required", object({ anyOf: [{ required: ["city"] }, { required: ["zip"] }] })),
  entry("one_of_objects", {
    type: "object",
    oneOf: [
      { properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
      { properties: { zip: { type: "integer" } }, required: ["zip"], additionalProperties: false },
    ],
  }),
  entry("all_of", {
    allOf: [
      { type: "object", properties: city, required: ["city"] },
      { type: "object", properties: { zip: { type: "string" } } },
    ],
  }),
  entry("reference_at_top", { $ref: "#/$defs/in", $defs: { in: object({ required: ["city"] }) } }),
  entry("reference_and_object", {
    type: "object",
    $ref: "#/definitions/in",
    definitions: { in: object({ required: ["city"] }) },
  }),
  entry(
    "reference_to_top",
    {
      type: "object",
      properties: { ...city, more: { type: "array", items: { $ref: "#" } } },
    },
    { city: "Oslo", more: [{ city: "Rome" }] },
  ),
  entry(
    "reference_into_alternative",
    {
      type: "object",
      anyOf: [
        { properties: { a: { type: "string" } } },
        { properties: { b: { $ref: "#/anyOf/0/properties/a" } } },
      ],
    },
    { a: "x" },
  ),
  entry("reference_by_own_name", {
    $id: "https://example.com/in",
    type: "object",
    properties: { city: { $ref: "https://example.com/in#/$defs/text" } },
    $defs: { text: { type: "string" } },
  }),
  entry("enum_at_top", object({ enum: [{ city: "Oslo" }, { city: "Rome" }] })),
  entry("not_at_top", object({ not: { required: ["zip"] } })),
  entry(
    "if_then",
    object({ if: { required: ["city"] }, ...JSON.parse('{"then":{"properties":{"zip":{}}}}') }),
  ),
  entry("dependencies", object({ dependencies: { city: ["zip"] } }), { city: "Oslo", zip: "1" }),
  entry("dependent_required", object({ dependentRequired: { zip: ["city"] } })),
  entry("dependent_schemas", object({ dependentSchemas: { zip: { required: ["city"] } } })),
  entry(
    "pattern_properties",
    { type: "object", patternProperties: { "^x-": { type: "string" } } },
    { "x-a": "b" },
  ),
  entry("property_names", { type: "object", propertyNames: { pattern: "^[a-z]+$" } }),
  entry("open_map", { type: "object", additionalProperties: { type: "integer" } }, { a: 1 }),
  entry(
    "bounds",
    {
      type: "object",
      properties: { n: { type: "number", exclusiveMinimum: 0, maximum: 10, multipleOf: 0.5 } },
    },
    { n: 1.5 },
  ),
  entry("draft3", {
    $schema: "http://json-schema.org/draft-03/schema#",
    type: "object",
    properties: { city: { type: "string", required: true } },
  }),
  entry(
    "draft4",
    {
      $schema: "http://json-schema.org/draft-04/schema#",
      id: "https://example.com/in",
      type: "object",
      properties: { n: { type: "integer", minimum: 0, exclusiveMinimum: true } },
    },
    { n: 1 },
  ),
  entry("draft6", {
    $schema: "http://json-schema.org/draft-06/schema#",
    $id: "https://example.com/in",
    ...object(),
  }),
  entry("draft7", {
    $schema: "http://json-schema.org/draft-07/schema#",
    ...object({ $comment: "by hand" }),
    definitions: {},
  }),
  entry("draft2019", {
    $schema: "https://json-schema.org/draft/2019-09/schema",
    ...object({ unevaluatedProperties: false }),
  }),
  entry(
    "draft2020",
    {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: {
        pair: { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], items: false },
      },
    },
    { pair: ["a", 1] },
  ),
  entry("anchor", {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: { city: { $ref: "#text" } },
    $defs: { text: { $anchor: "text", type: "string" } },
  }),
  entry("null_type", { type: "object", properties: { nothing: { type: "null" } } }, { nothing: null }),
  entry(
    "three_types",
    { type: "object", properties: { v: { type: ["string", "number", "null"] } } },
    { v: null },
  ),
  entry("mixed_enum", { type: "object", properties: { v: { enum: [1, "a", null, true] } } }, { v: "a" }),
  entry("constants", { type: "object", properties: { v: { const: { a: 1 } } } }, { v: { a: 1 } }),
  entry("negation", { type: "object", properties: { v: { not: { type: "string" } } } }, { v: 1 }),
  entry("nullable_alone", { type: "object", properties: { v: { nullable: true } } }, { v: "a" }),
  entry("vendor_words", object({ "x-order": ["city"], example: { city: "Oslo" }, deprecated: false })),
  entry(
    "binary_format",
    { type: "object", properties: { v: { type: "string", format: "binary" } } },
    { v: "a" },
  ),
  entry(
    "content",
    {
      type: "object",
      properties: { v: { type: "string", contentEncoding: "base64", contentMediaType: "image/png" } },
    },
    { v: "aa==" },
  ),
  entry(
    "javascript_names",
    JSON.parse(
      '{"type":"object","properties":{"constructor":{"type":"string"},"toString":{"type":"string"},"length":{"type":"integer"}}}',
    ),
    { toString: "a", length: 3 },
  ),
  entry(
    "keyword_names",
    {
      type: "object",
      properties: {
        properties: { type: "string" },
        required: { type: "boolean" },
        $ref: { type: "string" },
        anyOf: { type: "string" },
      },
    },
    { properties: "a", $ref: "b" },
  ),
  entry(
    "dotted_names",
    { type: "object", properties: { "user.name": { type: "string" }, "user-id": { type: "string" } } },
    { "user.name": "a" },
  ),
  entry(
    "bounds_of_64_bits",
    {
      type: "object",
      properties: {
        signed: { type: "integer", minimum: -(2 ** 63), exclusiveMaximum: 2 ** 63 },
        unsigned: { type: "integer", minimum: 0, maximum: 2 ** 64 },
        known: { enum: [2 ** 64, -(2 ** 64)] },
      },
    },
    { signed: -5, unsigned: 5 },
  ),
]
