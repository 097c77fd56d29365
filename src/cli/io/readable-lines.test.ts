import { Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { expect, it } from "vitest"
import { readableLines } from "./logger.ts"

it("lines of a log move no terminal, those of others neither, wherever they are cut", async () => {
  const log = `${JSON.stringify({ msg: "a\u001b[2J\u009bb" })}\nnode: \u001b]0;title\u0007 died\r\n{"n":1}`
  const pieces = [...log].map((char) => Buffer.from(char))
  const lines = (await text(readableLines(Readable.from(pieces)))).split("\n")
  expect(JSON.parse(lines[0] ?? "").msg).toBe("a\\u001b[2Jb")
  expect(lines.slice(1)).toEqual(["node: ]0;title died", '{"n":1}', ""])
})
