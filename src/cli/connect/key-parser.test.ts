import { describe, expect, it } from "vitest"
import { KeyParser, type Typed } from "./key-parser.ts"

/** What comes of these pieces, one a read. */
function typedIn(...pieces: readonly string[]): readonly string[] {
  const parser = new KeyParser()
  return pieces.flatMap((piece) => parser.feed(piece)).map(wordOf)
}

function wordOf(typed: Typed): string {
  return "text" in typed ? `${typed.type} ${JSON.stringify(typed.text)}` : typed.type
}

describe("what is typed at a terminal", () => {
  it.each([
    [["hi\r"], ['keys "hi"', "enter"]],
    [
      ["h", "i", "\r"],
      ['keys "h"', 'keys "i"', "enter"],
    ],
    [["\x1b[A\x1b[C"], ['keys "\\u001b[A\\u001b[C"']],
    [["one\x1b\rtwo\r"], ['keys "one"', "newline", 'keys "two"', "enter"]],
    [
      ["one\rtwo\r\n\nthree\r"],
      ['keys "one"', "newline", 'keys "two"', "newline", "newline", 'keys "three"', "enter"],
    ],
    [["\x1b[200~one\r\ntwo\rthree\n\x1b[201~"], ['paste "one\\ntwo\\nthree\\n"']],
    [
      ["\x1b[200~a\x03b", "c\x1b[20", "1~\r"],
      ['paste "a\\u0003bc"', "enter"],
    ],
    [
      ["\x1b[2", "00~x\x1b[201~y"],
      ['paste "x"', 'keys "y"'],
    ],
    [["\x1b"], ['keys "\\u001b"']],
    [["abc\x03"], ['keys "abc"', "interrupt"]],
    [["abc\r\x03"], ['keys "abc"', "enter", "interrupt"]],
  ])("is of %j: %j", (pieces, expected) => {
    expect(typedIn(...pieces)).toEqual(expected)
  })
})
