import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isLongJson, jsonPieces } from "./json-pieces.ts"

const longText = fc
  .tuple(fc.string({ unit: "binary", minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 4000 }))
  .map(([text, times]) => text.repeat(times))
const plainData = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    longText,
    fc.constantFrom(null, true, false, 0, -1.5, undefined),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 4 }),
  ),
})).value

describe("JSON in pieces", () => {
  it("is what JSON.stringify says", () => {
    fc.assert(
      fc.property(plainData, (value) => {
        expect([...jsonPieces(value)].join("")).toBe(JSON.stringify(value) ?? "null")
      }),
    )
  })

  it("keeps characters of two halves whole, wherever they stand, and escapes halves alone", () => {
    for (let before = 0; before < 3; before += 1) {
      const text = `${"a".repeat(before)}${"😀".repeat(20_000)}\ud83d`
      expect([...jsonPieces({ text })].join("")).toBe(JSON.stringify({ text }))
    }
  })

  it("has no piece much longer than 16 thousand characters", () => {
    const value = { output: [{ text: "x".repeat(1_000_000) }] }
    expect(Math.max(...[...jsonPieces(value)].map((piece) => piece.length))).toBeLessThan(17_000)
  })

  it("is for values with a long text only", () => {
    expect(isLongJson({ a: [{ b: "x".repeat(100) }, null, 3] })).toBe(false)
    expect(isLongJson({ a: [{ b: "x".repeat(100_000) }] })).toBe(true)
  })
})
