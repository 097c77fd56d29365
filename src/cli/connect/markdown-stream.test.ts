import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MarkdownStream } from "./markdown-stream.ts"

function rendered(pieces: readonly string[]): string {
  const stream = new MarkdownStream()
  return pieces.map((piece) => stream.push(piece)).join("") + stream.end()
}

/** Styles as words, to be read. */
function shown(text: string): string {
  return rendered([text])
    .replaceAll("\x1b[1m", "<b>")
    .replaceAll("\x1b[22m", "</>")
    .replaceAll("\x1b[36m", "<c>")
    .replaceAll("\x1b[39m", "</c>")
    .replaceAll("\x1b[2m", "<dim>")
}

describe("markdown in a terminal", () => {
  it.each([
    ["plain words, 2 * 3 * 4", "plain words, 2 * 3 * 4"],
    ["# Title\ntext", "<b>Title</>\ntext"],
    ["a **bold** word and `code **not**`", "a <b>bold</> word and <c>code **not**</c>"],
    ["- one\n  * two\n", "• one\n  • two\n"],
    ["> said\nnot", "│ <dim>said</>\nnot"],
    ["```ts\nlet a = `b` ** c\n```\nafter", "  <c>let a = `b` ** c</c>\nafter"],
    ["**open\nnext", "<b>open</>\nnext"],
    ["a snake_case_name and #no heading", "a snake_case_name and #no heading"],
    ["1. first\n2. second", "1. first\n2. second"],
    ["", ""],
    ["see src/**/*.ts and **/*.{js,ts}", "see src/**/*.ts and **/*.{js,ts}"],
    ["all of `a` in src/** or !**/b, not **.md", "all of <c>a</c> in src/** or !**/b, not **.md"],
    ["**the files src/**/*.ts and **/x** here", "<b>the files src/**/*.ts and **/x</> here"],
    ["2**3 is 8, a ** b, \\**c\\**", "2**3 is 8, a ** b, \\**c\\**"],
    ['**a**: (**b**), "**c**", 这是**重点**内容', '<b>a</>: (<b>b</>), "<b>c</>", 这是<b>重点</>内容'],
    ["**Note:** this, ***all***", "<b>Note:</> this, <b>*all</>*"],
    ["**`a`** and **b `c`**", "<b><c>a</c></> and <b>b <c>c</c></>"],
    ["````md\n```ts\na\n```\n````\nafter **b**", "  <c>```ts</c>\n  <c>a</c>\n  <c>```</c>\nafter <b>b</>"],
    ["```\na\n```` \n**b**", "  <c>a</c>\n<b>b</>"],
    ["```\n```ts\n```\nb", "  <c>```ts</c>\nb"],
    ["~~~\n```\n~~~\nb", "  <c>```</c>\nb"],
    ["```a``` is code, **b**", "<c></c><c>a</c><c></c> is code, <b>b</>"],
  ])("shows %j as %j", (text, expected) => {
    expect(shown(text)).toBe(expected)
  })

  it("is the same however the stream is cut", () => {
    const sign = fc.constantFrom(
      "a",
      " ",
      "*",
      "`",
      "#",
      "-",
      ">",
      "\n",
      "```\n",
      "````\n",
      "~~~\n",
      "**",
      "/",
    )
    fc.assert(
      fc.property(fc.array(sign), (signs) => {
        expect(rendered([...signs.join("")])).toBe(rendered([signs.join("")]))
      }),
    )
  })

  it("passes words on as they come", () => {
    const stream = new MarkdownStream()
    expect(stream.push("These are ")).toBe("These are ")
    expect(stream.push("words")).toBe("words")
  })
})
