import { afterAll, describe, expect, it } from "vitest"
import { parseExact } from "../../domain/exact-numbers.ts"
import type { Schema } from "../../domain/map-schema.ts"
import { compileSchema } from "./json-schema.ts"
import { SchemaThread } from "./schema-thread.ts"

// However busy the machine is that the tests run on.
const thread = new SchemaThread({ waitLimitMs: 600_000 })
afterAll(() => thread.stop())

async function problemsOf(schema: string, value: string): Promise<readonly string[]> {
  const check = await compileSchema(parseExact(schema) as Schema, "The rules", "field", thread)
  return check(JSON.parse(value), value)
}

describe("the check of numbers that JavaScript rounds", () => {
  it.each([
    ['{"enum":[9007199254740993]}', "9007199254740993"],
    ['{"const":12345678901234567890}', "12345678901234567890"],
    ['{"type":"integer","maximum":9007199254740993}', "9007199254740993"],
    ['{"type":"integer","minimum":9007199254740993}', "9007199254740993"],
    ['{"exclusiveMaximum":9007199254740993}', "9007199254740992"],
    ['{"exclusiveMinimum":9007199254740992}', "9007199254740993"],
    ['{"multipleOf":3}', "9007199254740993"],
    ['{"uniqueItems":true}', "[9007199254740992,9007199254740993]"],
    ['{"not":{"const":9007199254740993}}', "9007199254740992"],
    ['{"oneOf":[{"const":9007199254740993},{"const":9007199254740992}]}', "9007199254740992"],
    ['{"type":"number"}', "1e400"],
  ])("%s lets %s through", async (schema, value) => {
    expect(await problemsOf(schema, value)).toEqual([])
  })

  it.each([
    ['{"enum":[9007199254740993]}', "9007199254740980"],
    ['{"maximum":9007199254740993}', "9007199254740999"],
    ['{"exclusiveMaximum":10}', "10"],
    ['{"type":"string"}', "9007199254740993"],
  ])("%s refuses %s", async (schema, value) => {
    expect(await problemsOf(schema, value)).toHaveLength(1)
  })

  it("refuses a schema with a number that no program can read", async () => {
    for (const schema of [
      '{"maximum":1e400}',
      '{"enum":[1,-1e999]}',
      '{"properties":{"a":{"default":1e400}}}',
    ]) {
      await expect(problemsOf(schema, "1")).rejects.toMatchObject({
        code: "invalid_request",
        param: "field",
        message: expect.stringMatching(/1e400|-1e999/),
      })
    }
  })
})
