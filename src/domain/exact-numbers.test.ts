import { describe, expect, it } from "vitest"
import { hasRoundedNumbers, parseBodyExact, parseExact } from "./exact-numbers.ts"

describe("numbers as they were written", () => {
  it.each([
    "9007199254740993",
    "-12345678901234567890",
    "[0.30000000000000004441]",
    '{"a":{"maximum":1e400}}',
    "1234567890.1234567890123",
    "1e-400",
    "1.7976931348623157e309",
    '[{"b":9007199254740993,"10":2},"9007199254740993",true,null]',
  ])("%s is written as it was", (text) => {
    expect(JSON.stringify(parseExact(text))).toBe(expected(text))
    expect(hasRoundedNumbers(text)).toBe(true)
  })

  it.each([
    "9007199254740992",
    "1.0",
    "-0",
    "0e999",
    "0.1000000000000000000000",
    "100000000000000000000000",
    "1.7976931348623157e308",
    "5e-324",
    "[1e21]",
    '"9007199254740993 1e400"',
    '{"a":[0.1,12345,"x"]}',
  ])("%s is what JavaScript makes of it", (text) => {
    expect(parseExact(text)).toEqual(JSON.parse(text))
    expect(hasRoundedNumbers(text)).toBe(false)
  })

  it("is said of what is handed on only: the service itself reads numbers", () => {
    const body = parseBodyExact(
      '{"temperature":12345678901234567890,"parameters":9007199254740993,"tools":[{"parameters":{"maximum":9007199254740993}}]}',
    )
    expect(body).toMatchObject({ temperature: 12345678901234567000, parameters: 9007199254740992 })
    expect(JSON.stringify(body)).toContain('{"maximum":9007199254740993}')
  })

  it("throws as JSON.parse does", () => {
    expect(() => parseExact('{"a":9007199254740993')).toThrow(SyntaxError)
    expect(() => parseExact("09007199254740993")).toThrow(SyntaxError)
  })
})

/** Names that look like numbers come first. */
function expected(text: string): string {
  return text.replace('{"b":9007199254740993,"10":2}', '{"10":2,"b":9007199254740993}')
}
