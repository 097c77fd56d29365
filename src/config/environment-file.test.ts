import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatEnvironmentFile, parseEnvironmentFile } from "./environment-file.ts"

describe("an environment file", () => {
  it("gives back whatever was written, quotes, backslashes and line ends included", () => {
    const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/)
    const value = fc.string({ unit: fc.constantFrom(..."ab \t\n\"'`\\$#;=%&|€") })
    fc.assert(
      fc.property(fc.dictionary(name, value), (variables) => {
        expect(parseEnvironmentFile("f", formatEnvironmentFile(variables))).toEqual({ ...variables })
      }),
    )
  })

  it("is read as systemd reads it", () => {
    const text = [
      "# a comment",
      "; another",
      "",
      "PLAIN=a#b c  ",
      "  SPACED = value",
      "SINGLE='a \\ \"b\" $c'",
      'DOUBLE="a \\" \\$b \\n"',
      "ESCAPED=a\\ b",
      "LONG=one \\",
      "two",
      "EMPTY=",
      "PLAIN_QUOTE=it's",
      "LAST=1",
      "LAST=2",
    ].join("\n")
    expect(parseEnvironmentFile("f", text)).toEqual({
      PLAIN: "a#b c",
      SPACED: "value",
      SINGLE: 'a \\ "b" $c',
      DOUBLE: 'a " $b \\n',
      ESCAPED: "a b",
      LONG: "one two",
      EMPTY: "",
      PLAIN_QUOTE: "it's",
      LAST: "2",
    })
  })

  it.each([
    ["A=1\n\nno assignment", "f:3: not of the form NAME=value"],
    ["export A=1", "f:1: not of the form"],
    ["A: 1", "f:1: not of the form"],
    ["A-B=1", "f:1: not of the form"],
    ['{ "A": "1" }', "f:1: not of the form"],
    ["\n# c\nA='1\nB=2", "f:3: the value of A does not end"],
    ['A="1\\"', "f:1: the value of A does not end"],
    ["A=1\\", "f:1: the value of A does not end"],
    ["A=1\n\0\0\0\n", "f:2: a NUL character"],
  ])("is refused as a whole, with the line, for what systemd would pass over: %j", (text, message) => {
    expect(() => parseEnvironmentFile("f", text)).toThrow(message)
  })

  it("is never read as another one after a cut: the names that are left have their values, or it is refused", () => {
    const variables = { A: 'sk-"1', B: "two\nlines", C: "$3" }
    const text = formatEnvironmentFile(variables)
    for (let length = 0; length < text.length; length += 1) {
      let read: Readonly<Record<string, string>>
      try {
        read = parseEnvironmentFile("f", text.slice(0, length))
      } catch {
        continue
      }
      // A cut right behind `=` leaves an empty value, which is no key.
      const left = Object.entries(read).filter(([, value]) => value !== "")
      expect(variables, text.slice(0, length)).toMatchObject(Object.fromEntries(left))
    }
  })

  it("holds no name that could not be read back", () => {
    expect(formatEnvironmentFile({ "a.b": "1", C: "2" })).toBe('C="2"\n')
  })
})
