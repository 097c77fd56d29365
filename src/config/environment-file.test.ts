import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatEnvironmentFile, parseEnvironmentFile } from "./environment-file.ts"

describe("an environment file", () => {
  it("gives back whatever was written, quotes, backslashes and line ends included", () => {
    const name = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/)
    const value = fc.string({ unit: fc.constantFrom(..."ab \t\n\"'`\\$#;=%&|€") })
    fc.assert(
      fc.property(fc.dictionary(name, value), (variables) => {
        expect(parseEnvironmentFile(formatEnvironmentFile(variables))).toEqual({ ...variables })
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
      "no assignment",
      "EMPTY=",
      "PLAIN_QUOTE=it's",
      "LAST=1",
      "LAST=2",
    ].join("\n")
    expect(parseEnvironmentFile(text)).toEqual({
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
})
