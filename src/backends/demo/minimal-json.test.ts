import { describe, expect, it } from "vitest"
import { minimalJson } from "./minimal-json.ts"

describe("the smallest value of a JSON Schema", () => {
  it.each([
    [
      { type: "object", properties: { a: { type: "string" }, b: { type: "integer" } }, required: ["a"] },
      { a: "demo" },
    ],
    [{ properties: { a: { const: 7 } }, required: ["a"] }, { a: 7 }],
    [{ type: "array", items: { type: "boolean" }, minItems: 2 }, [false, false]],
    [{ enum: ["x", "y"] }, "x"],
    [{ anyOf: [{ type: "null" }, { type: "string" }] }, null],
    [{ type: ["string", "null"], minLength: 6 }, "demo.."],
    [{ type: "string", maxLength: 2 }, "de"],
    [{ type: "integer", minimum: 1.5 }, 2],
    [{ type: "number", exclusiveMinimum: 3 }, 4],
    [{ type: "number", maximum: -2 }, -2],
    [{}, null],
  ])("of %j is %j", (schema, expected) => {
    expect(minimalJson(schema)).toEqual(expected)
  })

  it("follows references and puts allOf together", () => {
    const schema = {
      $defs: { name: { type: "string", default: "Ada" } },
      allOf: [
        { type: "object", properties: { a: { $ref: "#/$defs/name" } }, required: ["a"] },
        { properties: { b: { type: "integer" } }, required: ["b"] },
      ],
    }
    expect(minimalJson(schema)).toEqual({ a: "Ada", b: 0 })
  })

  it("ends for a schema that contains itself", () => {
    const schema = { type: "object", properties: { next: { $ref: "#" } }, required: ["next"] }
    expect(JSON.stringify(minimalJson(schema))).toContain("null")
  })
})
