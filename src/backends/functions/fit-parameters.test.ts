import { Ajv } from "ajv"
import { Ajv2020 } from "ajv/dist/2020.js"
import { describe, expect, it } from "vitest"
import { corpus } from "../../../test/tool-schemas/corpus.ts"
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
})
