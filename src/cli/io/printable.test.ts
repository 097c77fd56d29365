import { expect, it } from "vitest"
import { printable, printableName } from "./print.ts"

it("leaves nothing in a text that a terminal would obey, wherever a stream is cut", () => {
  const text = "a\u001b[31mred\u001b]0;title\u0007\r\b\u009b2J z\n\tü 🦀"
  expect(printable(text)).toBe("a[31mred]0;title2J z\n\tü 🦀")
  expect([...text].map(printable).join("")).toBe(printable(text))
})

it("leaves a name on its line", () => {
  expect(printableName("a\u001b]0;x\u0007\n\tb c")).toBe("a]0;x b c")
})
