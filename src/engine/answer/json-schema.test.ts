import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { propertyRuns } from "../../../test/support/property-runs.ts"
import { anyParameters } from "../../../test/tool-schemas/arbitrary-schemas.ts"
import type { FunctionCallItem } from "../../domain/items.ts"
import { FunctionGate } from "../turn/function-gate.ts"
import { compileSchema } from "./json-schema.ts"
import { maxSchemaDepth, maxSchemaLength, maxSchemaNames } from "./schema-limits.ts"
import { SchemaThread } from "./schema-thread.ts"

// However busy the machine is that the tests run on.
const waitLimitMs = 600_000
const thread = new SchemaThread({ waitLimitMs })
afterAll(() => thread.stop())

const compile = (schema: Record<string, unknown>, on: Pick<SchemaThread, "run" | "cpuLimitMs"> = thread) =>
  compileSchema(schema, "The rules", "field", on)
const refused = (message: RegExp) => ({
  code: "invalid_request",
  param: "field",
  message: expect.stringMatching(message),
})

function nested(levels: number): Record<string, unknown> {
  let schema: Record<string, unknown> = {}
  for (let level = 1; level < levels; level += 1) schema = { not: schema }
  return schema
}

function withProperties(count: number): Record<string, unknown> {
  return { properties: Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, {}])) }
}

async function expectHealthy(): Promise<void> {
  const check = await compile({ type: "object", required: ["a"] })
  expect(await check({ a: 1 })).toEqual([])
  expect(await check({})).toEqual(["the whole must have required property 'a'"])
}

describe("a client's JSON Schema", () => {
  const number = (rule: Record<string, number>) => ({ type: "object", properties: { n: rule } })

  it.each([
    [{ multipleOf: 0.01 }, 19.99, 19.995, "multiple of 0.01"],
    [{ multipleOf: 0.1 }, -0.3, 0.35, "multiple of 0.1"],
    [{ multipleOf: 1e-7 }, 3e-7, 1.5e-7, "multiple of 1e-7"],
    [{ multipleOf: 2.5 }, 1e15, 4, "multiple of 2.5"],
    [{ multipleOf: 3 }, 2 ** 53, 2 ** 53 - 1, "multiple of 3"],
    [{ multipleOf: 0.5 }, 1e300, 0.7, "multiple of 0.5"],
    [{ exclusiveMaximum: 2 ** 63 }, 2 ** 63, 2 ** 64, "< 9223372036854776000"],
    [{ exclusiveMinimum: -(2 ** 63) }, -(2 ** 63), -(2 ** 64), "> -9223372036854776000"],
    [{ exclusiveMaximum: 5 }, 4.9, 5, "< 5"],
    [{ exclusiveMinimum: 0 }, 1e-9, 0, "> 0"],
  ])("holds numbers to %j as they are written: %d, not %d", async (rule, good, bad, told) => {
    const check = await compile(number(rule))
    expect(await check({ n: good })).toEqual([])
    expect(await check({ n: bad })).toEqual([`/n must be ${told}`])
  })

  it("is read by the words that it has where it names no draft", async () => {
    const places = [{ type: "string" }, { type: "number" }]
    const newer = await compile({ type: "array", prefixItems: places, items: false })
    expect(await newer(["a", 1])).toEqual([])
    expect(await newer(["a", 1, 2])).toHaveLength(1)
    const older = await compile({ type: "array", items: places, additionalItems: false })
    expect(await older(["a", 1])).toEqual([])
    expect(await older(["a", 1, 2])).toHaveLength(1)
  })

  it.each([
    ["dependentRequired", { dependentRequired: { a: ["b"] } }, { a: [], b: 1 }, { a: [] }],
    [
      "minContains",
      { properties: { a: { contains: { const: 1 }, minContains: 2 } } },
      { a: [1, 1] },
      { a: [1] },
    ],
    ["none", { properties: { a: { contains: { const: 1 }, minContains: 0 } } }, { a: [] }, null],
    [
      "maxContains",
      { properties: { a: { contains: { const: 1 }, maxContains: 1 } } },
      { a: [1] },
      { a: [1, 1] },
    ],
    [
      "places behind a list in data",
      { properties: { a: { prefixItems: [{ const: 1 }], items: false, default: { items: [] } } } },
      { a: [1] },
      { a: [1, 2] },
    ],
    [
      "places of older drafts behind a property of the name of a newer word",
      { properties: { prefixItems: {}, a: { items: [{ const: 1 }], additionalItems: false } } },
      { prefixItems: 1, a: [1] },
      { a: [1, 2] },
    ],
  ])("knows words of newer drafts where it names none: %s", async (_name, rules, right, wrong) => {
    const check = await compile({ type: "object", ...rules })
    expect(await check(right)).toEqual([])
    if (wrong !== null) expect(await check(wrong)).toHaveLength(1)
  })

  it("requires what draft 3 says of a property itself", async () => {
    const check = await compile({ type: "object", properties: { a: { type: "string", required: true } } })
    expect(await check({ a: "b" })).toEqual([])
    expect(await check({})).toEqual(["the whole must have required property 'a'"])
  })

  it.each([
    ["at the top", { $async: true }],
    ["in a property", { properties: { a: { $async: true } } }],
    ["in a list", { allOf: [{ $async: true }] }],
    [
      "behind a reference into data",
      { default: { $async: true, not: { $ref: "#/default" } }, $ref: "#/default" },
    ],
  ])("is refused with $async %s", async (_name, schema) => {
    await expect(compile(schema)).rejects.toMatchObject(refused(/async/))
    await expectHealthy()
  })

  it("may have a property that is named $async", async () => {
    const check = await compile({ properties: { $async: { type: "string" } } })
    expect(await check({ $async: 1 })).toEqual(["/$async must be string"])
  })

  it.each(["^https\\:\\/\\/", "(?i)abc", "a++", "\\A[a-z]+\\z"])(
    "may have the pattern %s, which nobody can check here",
    async (pattern) => {
      const a = { type: "string", minLength: 2, pattern }
      const check = await compile({ properties: { a }, patternProperties: { [pattern]: { type: "string" } } })
      expect(await check({ a: "ab", other: 1 })).toEqual([])
      expect(await check({ a: "x" })).toEqual(["/a must NOT have fewer than 2 characters"])
      const nor = await compile({
        additionalProperties: false,
        patternProperties: { [pattern]: {} },
        not: { pattern },
      })
      expect(await nor({ other: 1 })).toEqual([])
    },
  )

  it.each([
    ["a format that nobody knows", { format: "int32" }],
    [
      "an encoding",
      { contentEncoding: "base65", contentMediaType: "a/b", contentSchema: { type: "object" } },
    ],
    ["a dialect that nobody knows", { $schema: "https://example.com/dialect" }],
    ["words that nobody knows", { "x-order": 1, discriminator: { propertyName: "a" } }],
  ])("may have %s", async (_name, words) => {
    const check = await compile({ type: "string", ...words })
    expect([await check("x"), await check(1)]).toEqual([[], ["the whole must be string"]])
  })

  it("is refused by name of what it refers to outside of itself", async () => {
    const foreign = { properties: { a: { $ref: "https://example.com/a.json#/b" } } }
    await expect(compile(foreign)).rejects.toMatchObject(refused(/https:\/\/example\.com\/a\.json/))
    const own = await compile({
      $id: "https://example.com/own",
      definitions: { a: { type: "string" } },
      properties: { a: { $ref: "https://example.com/own#/definitions/a" } },
    })
    expect(await own({ a: 1 })).toHaveLength(1)
  })

  it.each([
    ["too long", { description: "x".repeat(maxSchemaLength) }, /longer than/],
    ["nested too deeply", nested(maxSchemaDepth + 1), /nested deeper/],
    ["nested without measure", nested(200_000), /nested deeper/],
    ["with too many properties", withProperties(maxSchemaNames + 1), /more than 5000 properties/],
  ])("is refused when it is %s, before anything is done with it", async (_name, schema, message) => {
    const unused = new SchemaThread()
    await expect(compile(schema, unused)).rejects.toMatchObject(refused(message))
    expect(unused.isRunning).toBe(false)
  })

  it("is taken as deep as the limit says", async () => {
    await expect(compile(nested(maxSchemaDepth))).resolves.toBeTypeOf("function")
  })

  it("that is defined by nothing but itself is refused", async () => {
    await expect(compile({ $ref: "#" })).rejects.toMatchObject(refused(/without an end/))
    const guarded = { type: "object", allOf: [{ $ref: "#" }] }
    await expect(compile(guarded)).rejects.toMatchObject(refused(/without an end/))
    const inTurns = { $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" }
    await expect(compile(inTurns)).rejects.toMatchObject(refused(/without an end/))
    await expectHealthy()
  })

  it("may refer to itself for what is inside a value, and a value too deep for it is wrong", async () => {
    const check = await compile({ properties: { next: { $ref: "#" }, end: { type: "string" } } })
    expect(await check({ next: { next: { end: 1 } } })).toEqual(["/next/next/end must be string"])
    let value: unknown = {}
    for (let level = 0; level < 200_000; level += 1) value = { next: value }
    expect(await check(value)).toEqual([expect.stringMatching(/deeply/)])
    await expectHealthy()
  })

  it("that takes too much memory is refused", async () => {
    const small = new SchemaThread({ cpuLimitMs: 30_000, waitLimitMs, maxHeapMb: 16 })
    const enormous = {
      properties: Object.fromEntries(Array.from({ length: 4000 }, (_, n) => [`p${n}`, { enum: [{ n }] }])),
    }
    await expect(compile(enormous, small)).rejects.toMatchObject(refused(/too complex/))
    expect(await (await compile({ type: "string" }, small))("x")).toEqual([])
    await small.stop()
  })

  it.each(["toString", "constructor", "hasOwnProperty"])(
    "knows a property %s from one that every object inherits",
    async (name) => {
      const required = await compile({ type: "object", required: [name] })
      expect(await required({})).toHaveLength(1)
      expect(await required({ [name]: "x" })).toEqual([])
      const typed = await compile({ type: "object", properties: { [name]: { type: "string" } } })
      expect(await typed({})).toEqual([])
      expect(await typed({ [name]: 1 })).toHaveLength(1)
    },
  )

  it("keeps no thread that has nothing to do", async () => {
    const brief = new SchemaThread({ idleMs: 1, waitLimitMs })
    expect(brief.isRunning).toBe(false)
    const check = await compile({ type: "string" }, brief)
    await expect.poll(() => brief.isRunning, { timeout: 5000 }).toBe(false)
    expect(await check(1)).toEqual(["the whole must be string"])
    await brief.stop()
  })
})

describe("the arguments of a function", () => {
  const call: FunctionCallItem = {
    type: "function_call",
    id: "i",
    callId: "c",
    name: "f",
    arguments: "{}",
    status: "completed",
  }
  const gateOf = (parameters: Record<string, unknown>) =>
    FunctionGate.create([{ name: "f", description: "", parameters }], {
      allowed: null,
      isRequired: false,
    })

  it("are told as no JSON only where they are none", async () => {
    const schema = { properties: { next: { $ref: "#" } }, required: ["a"] }
    expect(await (await gateOf(schema)).refusalOf({ ...call, arguments: "{" })).toMatch(/not JSON/)
    expect(await (await gateOf(schema)).refusalOf(call)).toMatch(/required property 'a'/)
    const deep = `${'{"a":1,"next":'.repeat(100_000)}{}${"}".repeat(100_000)}`
    expect(await (await gateOf(schema)).refusalOf({ ...call, arguments: deep })).toMatch(/deeply/)
  })

  it("are refused at the request with $async", async () => {
    await expect(gateOf({ $async: true })).rejects.toMatchObject({ code: "invalid_request", param: "tools" })
  })
})

describe("any parameters of a function", () => {
  it("are checked by the meaning that they have in the newest draft, unless they name another one", async () => {
    await fc.assert(
      fc.asyncProperty(anyParameters, async ({ parameters, sample }) => {
        const check = await compile(parameters)
        expect(await check(sample)).toEqual([])
      }),
      propertyRuns(30),
    )
  })
})
