import { Ajv } from "ajv"
import { Ajv2020 } from "ajv/dist/2020.js"
import { describe, expect, it } from "vitest"
import { corpus } from "../../../../test/tool-schemas/corpus.ts"
import { fitParameters } from "./fit-parameters.ts"

const options = { strict: false, validateFormats: false, logger: false, ownProperties: true } as const

describe("parameters of a function as every CLI takes them", () => {
  it.each(corpus.map(({ name, parameters, sample }) => [name, parameters, sample] as const))(
    "are one object at the top, and let through what the original does: %s",
    (_name, parameters, sample) => {
      const { schema } = fitParameters(parameters)
      expect(schema.type).toBe("object")
      for (const keyword of [
        "$ref",
        "anyOf",
        "oneOf",
        "allOf",
        "not",
        "if",
        "enum",
        "const",
        "$schema",
        "$id",
        "id",
      ])
        expect(schema).not.toHaveProperty([keyword])
      for (const inner of Object.values(schema.properties ?? {})) expect(typeof inner).toBe("object")
      if (/draft[34]$/.test(_name)) return
      const compiler = JSON.stringify(parameters).includes("2020-12")
        ? new Ajv2020(options)
        : new Ajv(options)
      // Ajv wants a type beside it.
      if (JSON.stringify(schema).includes('"nullable"'))
        compiler.removeKeyword("nullable").addKeyword("nullable")
      const check = compiler.compile(schema)
      expect([check(sample), check.errors]).toEqual([true, null])
    },
  )

  it("stay what they are where nothing is unusual", () => {
    const schema = {
      type: "object",
      properties: { city: { type: "string", "x-own": true }, of: { $ref: "#/$defs/of" } },
      required: ["city"],
      $defs: { of: { anyOf: [{ type: "string" }, { type: "null" }] } },
      additionalProperties: false,
    }
    expect(fitParameters(schema)).toEqual({ schema, note: null })
  })

  it("have the properties of all alternatives, and tell the model what they were", () => {
    const { schema, note } = fitParameters({
      type: "object",
      properties: { a: { type: "string" } },
      required: ["a"],
      oneOf: [
        { properties: { b: { type: "string" }, c: { type: "string" } }, required: ["b", "c"] },
        { properties: { b: { type: "number" } }, required: ["b"] },
      ],
    })
    expect(schema).toEqual({
      type: "object",
      properties: {
        a: { type: "string" },
        b: { anyOf: [{ type: "string" }, { type: "number" }] },
        c: { type: "string" },
      },
      required: ["a", "b"],
    })
    expect(note).toContain('{"oneOf":[{"properties":{"b":{"type":"string"}')
  })

  it("end where a schema refers to itself", () => {
    const { schema } = fitParameters({
      $ref: "#/$defs/a",
      $defs: { a: { $ref: "#/$defs/a", type: "object" } },
    })
    expect(schema.type).toBe("object")
  })

  it("have booleans as objects, but where everybody writes booleans", () => {
    const inner = { type: "object", properties: { b: true, c: false }, additionalProperties: false }
    expect(
      fitParameters({ type: "object", properties: { a: inner }, additionalProperties: true }).schema,
    ).toEqual({
      type: "object",
      properties: {
        a: { type: "object", properties: { b: {}, c: { not: {} } }, additionalProperties: false },
      },
      additionalProperties: true,
    })
  })

  it("ask for nothing that one of the alternatives does not ask for, also where that is `true`", () => {
    const closed = { properties: { a: {} }, required: ["a"], additionalProperties: false }
    const { schema } = fitParameters({ type: "object", anyOf: [closed, true] })
    expect(schema).toEqual({ type: "object", properties: { a: {} } })
    expect(fitParameters({ type: "object", anyOf: [closed, false] }).schema).toMatchObject(closed)
  })

  it("keep what a reference names, whatever the client's own definitions are called", () => {
    const { schema } = fitParameters({
      type: "object",
      properties: { b: { $ref: "#/anyOf/0/properties/a" } },
      anyOf: [{ properties: { a: { type: "string" } } }],
      $defs: { top: { type: "number" } },
    })
    expect(schema.properties).toMatchObject({ b: { $ref: "#/$defs/top_/anyOf/0/properties/a" } })
    expect(schema.$defs).toEqual({
      top: { type: "number" },
      top_: { anyOf: [{ properties: { a: { type: "string" } } }] },
    })
  })

  it("have the properties that depend on others, and patterns of the parts", () => {
    const { schema } = fitParameters({
      type: "object",
      properties: { a: {} },
      dependentSchemas: { a: { properties: { b: {} } } },
      allOf: [{ patternProperties: { "^x-": {} } }],
      unevaluatedProperties: false,
    })
    expect(schema).toEqual({
      type: "object",
      properties: { a: {}, b: {} },
      patternProperties: { "^x-": {} },
      unevaluatedProperties: false,
    })
  })

  it("have plain references under properties that are called like keywords", () => {
    const { schema } = fitParameters({
      type: "object",
      properties: { default: { $ref: "#text" } },
      $defs: { a: { $anchor: "text", type: "string" } },
    })
    expect(schema.properties).toEqual({ default: { $ref: "#/$defs/a" } })
  })

  it("say in one list what is required, as the newer drafts do", () => {
    const { schema } = fitParameters({
      type: "object",
      properties: { a: { type: "string", required: true }, b: { type: "string", required: false } },
    })
    expect(schema).toEqual({
      type: "object",
      properties: { a: { type: "string" }, b: { type: "string" } },
      required: ["a"],
    })
  })

  it("take what a part takes besides its properties", () => {
    const map = { type: "object", additionalProperties: { type: "string" } }
    const { schema } = fitParameters({ $ref: "#/$defs/map", $defs: { map } })
    expect(schema).toMatchObject({ type: "object", properties: {}, additionalProperties: { type: "string" } })
    expect(fitParameters({ type: "object", anyOf: [map, { properties: { a: {} } }] }).schema).toEqual({
      type: "object",
      properties: { a: {} },
      additionalProperties: true,
    })
  })
})
