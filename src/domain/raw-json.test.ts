import fc from "fast-check"
import { expect, it } from "vitest"
import { rawValueAt } from "./raw-json.ts"

it.each([
  "12345678901234567890",
  "-0",
  "1.0",
  "1e400",
  "0.1000000000000000055511151231257827",
  '{"b":1,"10":2,"a":3,"a":4}',
  '[ 1.0 , {"x": "a\\"]}\\\\"} ]',
  '"\\ud83d"',
  "null",
  "{}",
])("%s is told as it stands", (value) => {
  const json = ` {"id" : 7, "params":\n{ "arguments2": 1, "a\\"rguments": {"arguments": 5}, "\\u0061rguments" : ${value} } , "z":[]} `
  expect(rawValueAt(json, ["params", "arguments"])).toBe(value)
})

it("the last of two names counts, and what is not there is nothing", () => {
  expect(rawValueAt('{"a":{"b":1},"a":{"c":2}}', ["a", "c"])).toBe("2")
  expect(rawValueAt('{"a":{"b":1},"a":{"c":2}}', ["a", "b"])).toBeNull()
  expect(rawValueAt('[{"a":1}]', ["a"])).toBeNull()
  expect(rawValueAt('{"a":"b"}', ["a", "b"])).toBeNull()
  expect(rawValueAt("{}", ["a"])).toBeNull()
})

it("whatever is said, the text has the value that JSON.parse finds there", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), fc.jsonValue(), fc.nat(3), (value, name, other, indent) => {
      const json = JSON.stringify({ [`${name}x`]: other, deep: { [name]: value } }, null, indent)
      fc.pre(name !== "__proto__" && `${name}x` !== "deep")
      expect(JSON.parse(rawValueAt(json, ["deep", name]) ?? "")).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})
