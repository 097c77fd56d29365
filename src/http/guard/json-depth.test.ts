import { expect, test } from "vitest"
import { formOf } from "./json-body.ts"

const deeper = (json: string, limit: number): boolean => formOf(Buffer.from(json), limit).isTooDeep

test("nesting up to the limit passes, one level more does not", () => {
  expect(deeper("[[[1]]]", 3)).toBe(false)
  expect(deeper("[[[1]]]", 2)).toBe(true)
  expect(deeper('{"a":{"b":[1]}}', 2)).toBe(true)
})

test("closed brackets give their depth back", () => {
  expect(deeper("[[],[],[],[]]", 2)).toBe(false)
})

test("brackets inside strings do not count, escaped quotes and backslashes included", () => {
  expect(deeper('["[[[[", "\\"[[[[", "\\\\"]', 1)).toBe(false)
  expect(deeper('["\\\\", [[1]]]', 2)).toBe(true)
})

test("an unfinished string ends the scan instead of running on", () => {
  expect(deeper('["abc [[[[', 1)).toBe(false)
  expect(deeper('["abc\\', 1)).toBe(false)
})

test("the depth found equals that of the parsed value for any nesting", () => {
  for (let depth = 1; depth < 40; depth += 1) {
    const json = `${'{"k":['.repeat(depth)}"x[{\\"]"${"]}".repeat(depth)}`
    JSON.parse(json)
    expect(deeper(json, depth * 2)).toBe(false)
    expect(deeper(json, depth * 2 - 1)).toBe(true)
  }
})

test("numbers of many digits or with an exponent are found where they are numbers", () => {
  const isLong = (json: string) => formOf(Buffer.from(json), 10).hasLongNumber
  for (const json of ["[9007199254740993]", '{"a":-12345678.90123456}', '{"a": 1e400}', "[1E2]"]) {
    expect([json, isLong(json)]).toEqual([json, true])
  }
  for (const json of ['["9007199254740993","1e400"]', "[123456789012345,123456789012345]", "[true,false]"]) {
    expect([json, isLong(json)]).toEqual([json, false])
  }
})
