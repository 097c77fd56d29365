import fc from "fast-check"
import { expect, it } from "vitest"
import { propertyRuns } from "../../test/support/property-runs.ts"
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

it("however it is written, the text is the one that was put there", () => {
  const blank = fc.constantFrom("", " ", "\n", "\t", "\r\n", "  ")
  const scalar = fc.oneof(
    fc.constantFrom("12345678901234567890", "-0", "1.0", "1e400", "1E+2", "true", "null", "{}", "[]", '""'),
    fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
    fc.string().map((text) => `"${[...text].map(escapedUnits).join("")}"`),
    fc.constantFrom('"}"', '"\\\\"', '"\\""', '"a\\\\\\"]"', '"\\u0022"', '["{",{}]'),
  )
  const key = fc.oneof(fc.constantFrom("a", "arguments", "", '"', "\\", "__proto__", "}"), fc.string())
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      scalar,
      fc.array(tie("value"), { maxLength: 3 }).chain((inner) => joined("[", inner, "]", blank)),
      fc.array(fc.tuple(key, tie("value")), { maxLength: 3 }).chain((members) =>
        joined(
          "{",
          members.map(([name, inner]) => `${JSON.stringify(name)}:${inner}`),
          "}",
          blank,
        ),
      ),
    ),
  }))
  const members = fc.array(fc.tuple(key, value), { maxLength: 4 })
  fc.assert(
    fc.property(members, key, value, blank, blank, (others, name, wanted, before, behind) => {
      const written = ([own, text]: readonly [string, string]) =>
        `${before}${JSON.stringify(own)}${behind}:${before}${text}${behind}`
      const after = others.filter(([own]) => own !== name)
      // One of its name before it does not count.
      const all = [...others, [name, wanted] as const, ...after]
      const json = `${before}{"x":{${all.map(written).join(",")}},"y":[]}${behind}`
      expect(rawValueAt(json, ["x", name])).toBe(wanted)
      expect(JSON.parse(rawValueAt(json, ["x"]) ?? "")).toEqual(JSON.parse(json).x)
    }),
    propertyRuns(2_000),
  )
})

function joined(start: string, inner: readonly string[], end: string, blank: fc.Arbitrary<string>) {
  return fc.tuple(blank, blank).map(([a, b]) => `${start}${a}${inner.join(`${b},${a}`)}${b}${end}`)
}

function escapedUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_none, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("")
}
