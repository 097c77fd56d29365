import { Ajv2020 } from "ajv/dist/2020.js"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { checkable } from "./checkable-schema.ts"

/** Patterns of other languages. */
const foreign = [
  "^https\\:\\/\\/",
  "(?i)abc",
  "a++",
  "\\A[a-z]+\\z",
  "\\p{IsLatin}",
  "[[:alpha:]]",
  "(?P<a>x)",
]
const lost = { pattern: "(?i)abc" }
const text = { type: "string" }

describe("a schema is left with the rules that can be checked", () => {
  it.each(foreign)("without the pattern %s", (pattern) => {
    expect(checkable({ type: "object", properties: { a: { ...text, pattern } } })).toEqual({
      schema: { type: "object", properties: { a: text } },
      unchecked: ["pattern"],
    })
  })

  it("and is the very same where all of it can be", () => {
    const whole = { properties: { pattern: text, a: { pattern: "^a$" } }, enum: [{ pattern: "(?i)" }] }
    const result = checkable(whole)
    expect(result.schema).toBe(whole)
    expect(result.unchecked).toEqual([])
  })

  it.each([
    ["a format", { properties: { a: { format: "int32" } } }, ["format"]],
    [
      "an encoding",
      { contentEncoding: "base64", contentMediaType: "image/png" },
      ["contentEncoding", "contentMediaType"],
    ],
    ["a dialect that nobody knows", { $schema: "https://example.com/own" }, ["$schema"]],
    ["a dialect that is known", { $schema: "http://json-schema.org/draft-04/schema#" }, []],
  ])("%s is named only where nobody knows it", (_name, whole, unchecked) => {
    const result = checkable(whole)
    expect(result.schema).toBe(whole)
    expect(result.unchecked).toEqual(unchecked)
  })

  it("with no property that is an additional one where a name may be one of those left out", () => {
    const whole = { patternProperties: { "(?i)^x-": text, "^y": text }, additionalProperties: false }
    expect(checkable(whole)).toEqual({
      schema: { patternProperties: { "": true, "^y": text }, additionalProperties: false },
      unchecked: ["patternProperties"],
    })
  })

  it.each([
    ["not", { not: lost }, {}, ["pattern", "not"]],
    [
      "not, behind a reference",
      { $defs: { a: lost }, not: { $ref: "#/$defs/a" } },
      { $defs: { a: {} } },
      ["pattern", "not"],
    ],
    [
      "oneOf",
      { oneOf: [lost, text], allOf: [{}] },
      { allOf: [{}, { anyOf: [{}, text] }] },
      ["pattern", "oneOf"],
    ],
    [
      "if",
      JSON.parse('{"if": {"pattern": "(?i)abc"}, "then": {"required": ["a"]}}'),
      { allOf: [{ anyOf: [{ allOf: [{}, { required: ["a"] }] }, true] }] },
      ["pattern", "if"],
    ],
    [
      "maxContains",
      { contains: lost, minContains: 1, maxContains: 1 },
      { contains: {}, minContains: 1 },
      ["pattern", "maxContains"],
    ],
  ])("without what would be turned round: %s", (_name, whole, schema, unchecked) => {
    expect(checkable(whole)).toEqual({ schema, unchecked })
  })
})

const leaf = fc.constantFrom({ pattern: "^a" }, text, { type: "integer" }, { required: ["a"] })
/** The place of a pattern that the test can read, and the code cannot. */
const { schema: anySchema } = fc.letrec<{ schema: Record<string, unknown> }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.record({ not: tie("schema") }),
    fc.record({ oneOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
    fc
      .tuple(tie("schema"), tie("schema"), tie("schema"))
      .map((parts) => Object.fromEntries(["if", "then", "else"].map((word, index) => [word, parts[index]]))),
    fc.record({ contains: tie("schema"), maxContains: fc.constantFrom(1, 2) }),
    fc.record({
      patternProperties: fc.record({ "^a": tie("schema") }),
      unevaluatedProperties: fc.constant(false),
    }),
    fc.record({ properties: fc.record({ a: tie("schema") }), additionalProperties: fc.boolean() }),
    fc.record({ $defs: fc.record({ a: leaf }), not: fc.constant({ $ref: "#/$defs/a" }) }),
  ),
}))

it("lets through whatever the whole does", () => {
  const options = { strict: false, logger: false as const, meta: false, validateSchema: false }
  const compile = (schema: object) => new Ajv2020(options).compile(schema)
  const written = (schema: object) => JSON.parse(JSON.stringify(schema).replaceAll("^a", "(?i)a"))
  const value = fc.oneof(
    fc.constantFrom("a", "b", 1, null, ["a"], ["a", "b"], {}, { a: "a" }, { a: 1, b: 2 }),
  )
  fc.assert(
    fc.property(anySchema, value, (schema, said) => {
      // References by their place hold for the whole only.
      const root = JSON.parse(JSON.stringify(schema))
      let whole: ReturnType<typeof compile>
      try {
        whole = compile(root)
      } catch {
        return
      }
      if (whole(said)) expect(compile(checkable(written(root)).schema)(said)).toBe(true)
    }),
    { numRuns: 200 },
  )
})
