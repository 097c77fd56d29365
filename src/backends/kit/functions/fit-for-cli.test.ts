import { describe, expect, it } from "vitest"
import { fitForCli } from "./fit-for-cli.ts"
import { functionRules } from "./function-rules.ts"

const text = { type: "string" }

describe("a schema by the rules of one CLI", () => {
  it("has no property in its way: those of other names are told as patterns", () => {
    const schema = { type: "object", properties: { constructor: text, $filter: text, city: text } }
    expect(fitForCli(schema, functionRules.claude.schema)).toEqual({
      type: "object",
      properties: { city: text },
      patternProperties: { "^constructor$": text, "^\\$filter$": text },
    })
    expect(fitForCli(schema, functionRules.gemini.schema)).toEqual({
      type: "object",
      properties: { $filter: text, city: text },
      patternProperties: { "^constructor$": text },
    })
    expect(fitForCli(schema, functionRules.codex.schema)).toEqual(schema)
  })

  it("has types for codex, which would tell its model of a text otherwise", () => {
    const schema = {
      type: "object",
      properties: {
        one: { const: 1 },
        some: { enum: ["a", null] },
        pair: { type: "array", prefixItems: [text, { const: 2 }], items: false },
        any: { type: "array" },
        none: {},
      },
    }
    const pair = {
      type: "array",
      items: { anyOf: [text, { const: 2, type: "number" }] },
      description: 'In this order: [{"type":"string"},{"const":2,"type":"number"}]',
    }
    const fitted = fitForCli(schema, functionRules.codex.schema)
    expect(JSON.parse(JSON.stringify(fitted))).toEqual({
      type: "object",
      properties: {
        one: { const: 1, type: "number" },
        some: { enum: ["a", null], type: ["string", "null"] },
        pair,
        any: { type: "array", items: {} },
        none: {},
      },
    })
    expect(fitForCli(schema, functionRules.claude.schema)).toEqual({
      ...schema,
      properties: {
        ...schema.properties,
        pair: { type: "array", prefixItems: [text, { const: 2 }], maxItems: 2 },
      },
    })
  })

  it("ends lists by their length, for whom `items` is each entry", () => {
    const pair = { type: "array", prefixItems: [text, text] }
    const more = { ...pair, items: { type: "number" } }
    const schema = { type: "object", properties: { pair: { ...pair, items: { not: {} } }, more } }
    expect(fitForCli(schema, functionRules.gemini.schema).properties).toEqual({
      pair: { ...pair, maxItems: 2 },
      more: pair,
    })
  })

  it("tells properties without names as patterns, where the CLI says that there are none", () => {
    const schema = { type: "object", properties: { "a.b": text }, additionalProperties: { type: "integer" } }
    expect(fitForCli(schema, functionRules.opencode.schema)).toEqual({
      type: "object",
      properties: { "a.b": text },
      patternProperties: { "^(?!a\\.b$)": { type: "integer" } },
    })
    expect(fitForCli(schema, functionRules.claude.schema)).toEqual(schema)
  })

  it("has references to what has another place then", () => {
    const schema = {
      type: "object",
      properties: { $a: { type: "array", items: text }, b: { $ref: "#/properties/$a/items" } },
    }
    expect(fitForCli(schema, functionRules.claude.schema).properties).toEqual({
      b: { $ref: "#/patternProperties/%5E%5C%24a%24/items" },
    })
  })

  it("has a list without places as any list", () => {
    const schema = { type: "object", properties: { none: { type: "array", items: [] } } }
    const fitted = fitForCli(schema, functionRules.codex.schema)
    expect(JSON.parse(JSON.stringify(fitted)).properties.none.items).toEqual({})
  })

  it("has steps in words where the CLI reckons them in fractions of two", () => {
    const steps = { type: "number", multipleOf: 0.01, description: "In euros" }
    const schema = { type: "object", properties: { steps, whole: { multipleOf: 3 }, multipleOf: text } }
    expect(fitForCli(schema, functionRules.gemini.schema).properties).toEqual({
      ...schema.properties,
      steps: { type: "number", description: "In euros\nA multiple of 0.01" },
    })
    expect(fitForCli(schema, functionRules.claude.schema)).toEqual(schema)
  })
})
