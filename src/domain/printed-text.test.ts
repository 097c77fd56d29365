import { describe, expect, it } from "vitest"
import { printedText } from "./printed-text.ts"

describe("what a CLI printed", () => {
  it.each([
    ["\u001b]0;codex\u0007codex-cli 0.171.0", "codex-cli 0.171.0"],
    ["\u001b]2;a title\u001b\\2.1.332 (Claude Code)\r\n", "2.1.332 (Claude Code)\n"],
    ["\u001b[1;31mred\u001b[0m and \u009b2Jgone", "red and gone"],
    ["\u001bPq#0;2\u001b\\after\u001b(B\u001b7", "after"],
    ["\ufeffone\ttwo\nthree\b\u0000", "one\ttwo\nthree"],
    ["admin\u202efdp.exe", "adminfdp.exe"],
    ["half a pair: \ud83d", "half a pair: \ufffd"],
    ["Grüße, 世界 🦀", "Grüße, 世界 🦀"],
  ])("has nothing in it that a terminal would obey (%j)", (text, expected) => {
    expect(printedText(text)).toBe(expected)
  })

  it("keeps the words behind a sequence that never ends, in time that grows with the text", () => {
    expect(printedText("\u001b]0;no end {}")).toBe("0;no end {}")
    for (const begun of ["\u001b]", "\u009d", "\u001b[", "\u001bP0"]) {
      expect(printedText(begun.repeat(100_000))).toMatch(/^[\]0P[]*$/)
    }
  })
})
