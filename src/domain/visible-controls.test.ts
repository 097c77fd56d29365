import fc from "fast-check"
import { expect, it } from "vitest"
import { escapeControls, showControls } from "./visible-controls.ts"

const evil =
  "a\u001b[31m\u001b]0;title\u0007\b\f\rb\u007f\u009b2Jc\u202ed\u2028e\u0085 \\u001b \\\\u001b\n\tü 🦀"
const obeyed = /[^\P{Cc}\n\t]|[\u200e\u200f\u2028-\u202e\u2066-\u2069]/u

it("JSON with nothing in it that a terminal would obey means what it meant", () => {
  const unit = fc.constantFrom(...'ab\\"u001b', "\u001b", "\u0085", "\u202e", "\n", "\r", "🦀", "\ud800")
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      const json = escapeControls(JSON.stringify({ text }))
      expect(json).not.toMatch(/\p{Cc}/u)
      expect(JSON.parse(json)).toEqual({ text })
    }),
  )
})

it("where texts are shown as they are, controls stand in letters, and what was in letters stays so", () => {
  const { text } = JSON.parse(showControls(JSON.stringify({ text: evil })))
  expect(text).not.toMatch(obeyed)
  expect(text).toBe(
    "a\\u001b[31m\\u001b]0;title\\u0007\\b\\f\\rb\\u007f\\u009b2Jc\\u202ed\\u2028e\\u0085 \\u001b \\\\u001b\n\tü 🦀",
  )
})
