import { describe, expect, it } from "vitest"
import { objectBehindNoise } from "./json-noise.ts"

const message = { id: 1, result: { text: "a } b { c" } }
const json = JSON.stringify(message)

describe("a line with noise around its JSON object", () => {
  it.each([
    ["a title", `\u001b]0;agent {1}\u0007${json}`],
    ["colours around it", `\u001b[2m${json}\u001b[0m\r`],
    ["a byte order mark", `\ufeff${json}`],
    ["a line that it overwrites", `Loading {3} of 4\r${json}`],
  ])("is read, wherever it stands: %s", (_what, line) => {
    expect(objectBehindNoise(line, false)).toEqual(message)
    expect(objectBehindNoise(line, true)).toEqual(message)
  })

  it.each([
    ["a notice", `Update available! Run {npm} install ${json}`],
    ["a title without an end", `\u001b]0;agent${json}`],
  ])("is read at the beginning only, where words stand before it: %s", (_what, line) => {
    expect(objectBehindNoise(line, true)).toEqual(message)
    // A remark that quotes a message is none.
    expect(objectBehindNoise(line, false)).toBeUndefined()
  })

  it.each([
    "Update available!",
    "[1,2]",
    '"{}"',
    "{not json",
    "",
    "\u001b]0;title\u0007",
    `${json} and more`,
  ])("is none where there is no object: %j", (line) => {
    expect(objectBehindNoise(line, false)).toBeUndefined()
    expect(objectBehindNoise(line, true)).toBeUndefined()
  })

  it("gives up on a line of braces", () => {
    expect(objectBehindNoise('{"'.repeat(1_000_000), true)).toBeUndefined()
  })
})
