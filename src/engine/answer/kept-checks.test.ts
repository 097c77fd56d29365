import { Ajv } from "ajv"
import { expect, it } from "vitest"
import { KeptChecks } from "./json-schema-worker.ts"

const check = new Ajv().compile({})
const keysOf = (count: number, prefix = "f") => Array.from({ length: count }, (_, n) => `${prefix}${n}`)

it("the checks of two requests with as many functions as one may have, and an answer, are kept", () => {
  const kept = new KeptChecks()
  const keys = keysOf(2 * (128 + 1))
  for (const key of keys) kept.keep(key, check, 2_000)
  expect(keys.filter((key) => kept.find(key) === null)).toEqual([])
})

it("what was not used for the longest time goes where others need the room, be it for their number or their length", () => {
  const kept = new KeptChecks()
  const long = keysOf(4, "long")
  for (const key of long) kept.keep(key, check, 256 * 1024)
  expect(kept.find("long0")).toBe(check)
  kept.keep("more", check, 1)
  expect(long.map((key) => kept.find(key) !== null)).toEqual([true, false, true, true])
  const many = keysOf(5_000)
  for (const key of many) kept.keep(key, check, 1)
  const left = many.filter((key) => kept.find(key) !== null)
  expect(left.length).toBeLessThan(2_000)
  expect(left.at(-1)).toBe("f4999")
  expect(kept.find("long3")).toBeNull()
})
