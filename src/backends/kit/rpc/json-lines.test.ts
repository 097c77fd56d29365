import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { JsonLines } from "./json-lines.ts"

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...ends].map((start, index) => bytes.subarray(start, ends[index] ?? bytes.length))
}

describe("splitting a stream into lines", () => {
  it("gives the same lines wherever the reads are cut, also inside a character", () => {
    const line = fc
      .string({ unit: "grapheme", minLength: 1 })
      .filter((text) => text.trim() !== "" && !text.includes("\n"))
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
        const splitter = new JsonLines(1_000_000, () => {})
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""))
        expect(split(bytes, cuts).flatMap((chunk) => [...splitter.push(chunk)])).toEqual(lines)
      }),
    )
  })

  it("leaves an overlong line out, says so, and goes on with the next", () => {
    const overlong: number[] = []
    const splitter = new JsonLines(10, (bytes) => overlong.push(bytes))
    const chunks = ["short\n0123456", "789abc", "def\nnext\n", `${"x".repeat(11)}\n`, "end\n"]
    expect(chunks.flatMap((chunk) => [...splitter.push(Buffer.from(chunk))])).toEqual([
      "short",
      "next",
      "end",
    ])
    expect(overlong).toEqual([16, 11])
  })
})
