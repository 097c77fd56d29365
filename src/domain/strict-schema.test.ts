import { expect, it } from "vitest"
import { isStrictSchema } from "./strict-schema.ts"

const closed = { additionalProperties: false }
const one = { type: "object", properties: { a: { type: "string" } }, required: ["a"], ...closed }

it.each([
  ["closed with all properties required", one, true],
  [
    "nested",
    { type: "object", properties: { b: { type: "array", items: one } }, required: ["b"], ...closed },
    true,
  ],
  [
    "with alternatives and definitions",
    {
      type: "object",
      properties: { b: { anyOf: [{ type: "null" }, { $ref: "#/$defs/one" }] } },
      required: ["b"],
      $defs: { one },
      ...closed,
    },
    true,
  ],
  ["open", { ...one, additionalProperties: true }, false],
  ["with an optional property", { ...one, required: [] }, false],
  [
    "open inside",
    { type: "object", properties: { b: { type: "object" } }, required: ["b"], ...closed },
    false,
  ],
  ["open in a definition", { ...one, $defs: { open: { type: "object" } } }, false],
  [
    "with a reference by an anchor",
    { ...one, properties: { a: { $ref: "#own" } }, $defs: { own: { $anchor: "own", ...one } } },
    false,
  ],
  ["no object", { type: "array", items: one }, false],
  ["alternatives at the top", { ...one, anyOf: [one] }, false],
  ["with oneOf", { ...one, properties: { a: { oneOf: [{ type: "string" }] } } }, false],
])("a schema that is %s is taken for strict: %#", (_name, schema, expected) => {
  expect(isStrictSchema(schema)).toBe(expected)
})
