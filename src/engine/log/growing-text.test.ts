import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { GrowingText } from "./response-log.ts"

describe("a growing text", () => {
  it("is all that was appended, in order, whenever it is read", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.boolean()), { maxLength: 300 }), (pieces) => {
        const text = new GrowingText()
        let expected = ""
        for (const [piece, isRead] of pieces) {
          text.append(piece)
          expected += piece
          if (isRead) expect(text.toString()).toBe(expected)
        }
        expect(text.toString()).toBe(expected)
        expect(text.length).toBe(expected.length)
      }),
    )
  })
})
