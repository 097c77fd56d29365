import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { propertyRuns } from "../../../../test/support/property-runs.ts"
import { anyParameters, problemOf } from "../../../../test/tool-schemas/arbitrary-schemas.ts"
import { fitForCli } from "./fit-for-cli.ts"
import { fitParameters } from "./fit-parameters.ts"
import { functionRules } from "./function-rules.ts"

const clis = Object.keys(functionRules) as (keyof typeof functionRules)[]

describe("any parameters of a function", () => {
  it("let through what they did when they are fit for a CLI, and are one object at the top", () => {
    fc.assert(
      fc.property(anyParameters, fc.constantFrom(...clis), ({ parameters, sample }, cli) => {
        const { schema } = functionRules[cli]
        const { schema: fitted } = fitParameters(parameters)
        expect(problemOf(fitted, sample)).toBeNull()
        const handed = fitForCli(fitted, schema)
        expect([problemOf(handed, sample), handed]).toEqual([null, handed])
        expect(handed.type).toBe("object")
        for (const [name, inner] of Object.entries(Object(handed.properties))) {
          expect([name, typeof inner]).toEqual([name, "object"])
          if (schema.propertyName !== null) expect(name).toMatch(schema.propertyName)
        }
      }),
      propertyRuns(80),
    )
  })

  it("are made fit or left as they are, whatever they hold", () => {
    const keyword = fc.constantFrom(
      ...[
        "type",
        "properties",
        "$defs",
        "definitions",
        "required",
        "items",
        "prefixItems",
        "$ref",
        "$id",
        "id",
      ],
      ...["anyOf", "oneOf", "allOf", "not", "if", "then", "else", "enum", "const", "dependencies", "$anchor"],
      ...[
        "dependentSchemas",
        "patternProperties",
        "additionalProperties",
        "exclusiveMinimum",
        "a",
        "__proto__",
      ],
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.constantFrom<unknown>(
          "#",
          "#/$defs/a",
          "#/anyOf/0",
          "#a",
          "object",
          true,
          false,
          null,
          1,
          "https://a",
        ),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(keyword, tie("value"), { maxKeys: 4 }),
      ),
    }))
    fc.assert(
      fc.property(
        fc.dictionary(keyword, value, { maxKeys: 5 }),
        fc.constantFrom(...clis),
        (parameters, cli) => {
          // As it comes over the wire.
          const before = JSON.stringify(parameters)
          const given = JSON.parse(before)
          const { schema } = fitParameters(given)
          const handed = fitForCli(schema, functionRules[cli].schema)
          expect(handed).toMatchObject({ type: "object", properties: expect.any(Object) })
          expect(JSON.stringify(given)).toBe(before)
        },
      ),
      propertyRuns(500),
    )
  })
})
