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
    expect(fitForCli(schema, functionRules.claude.schema)).toEqual(schema)
  })
})
