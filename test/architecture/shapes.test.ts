import { existsSync } from "node:fs"
import path from "node:path"
import { describe, expect, it } from "vitest"
import {
  depthFrom,
  longFunctions,
  moduleState,
  namesTwice,
  strayPieces,
  wideComments,
  wideOptions,
  wordsIn,
} from "./checks.ts"
import { readSource, type SourceFile, sourceFile } from "./source-files.ts"

/** The longest way of imports, with both ends. */
const maxDepth = 18

const files = readSource()
const src = path.resolve(import.meta.dirname, "../../src")

const isTested = ({ path: file }: SourceFile) => existsSync(path.join(src, file.replace(/\.ts$/, ".test.ts")))
/** Commands and migrations are found by their names; what is loaded late is a file of its own; siblings share names. */
const isExcepted = ({ path: file }: SourceFile) =>
  /^(cli\/commands|storage\/sqlite\/migrations)\//.test(file) ||
  files.some(({ text }) => text.includes(`import("./${path.basename(file)}")`)) ||
  files.some(({ path: other }) => other !== file && isSibling(other, file))

/** `backends/codex/items.ts` and `backends/claude/items.ts` */
function isSibling(one: string, other: string): boolean {
  const above = (file: string) => path.posix.dirname(path.posix.dirname(file))
  return (
    above(one) === above(other) &&
    above(one) !== "." &&
    path.posix.basename(one) === path.posix.basename(other)
  )
}

describe("the files of src", () => {
  it("have no function of more than 60 lines", () => {
    expect(longFunctions(files)).toEqual([])
  })

  it("have no options of more than 8 fields", () => {
    expect(wideOptions(files)).toEqual([])
  })

  it("are no pieces of another file", () => {
    expect(strayPieces(files, isTested, isExcepted)).toEqual([])
  })

  it("export each name once", () => {
    expect(namesTwice(files)).toEqual([])
  })

  it("keep nothing that changes in a module", () => {
    expect(moduleState(files)).toEqual([])
  })

  it("have comments that fit on a page", () => {
    expect(wideComments(files)).toEqual([])
  })

  it(`are at most ${maxDepth} imports away from main.ts`, () => {
    // The whole way, where it is too long: that says more than its length.
    const way = depthFrom("main.ts", files)
    expect(way.length <= maxDepth ? [] : way).toEqual([])
  })
})

describe("what the engine and the backends know", () => {
  it("is no word of a wire: a backend does not say which field of a request is at fault", () => {
    const inside = files.filter(({ path: file }) => file.startsWith("backends/"))
    expect(wordsIn(inside, (word) => word === "param")).toEqual([])
  })

  it("is no field of a request, in the engine", () => {
    const inside = files.filter(({ path: file }) => file.startsWith("engine/"))
    expect(wordsIn(inside, (word) => wireFields.has(word))).toEqual([])
  })
})

/** Fields of requests that are no words of ours too. */
const wireFields = new Set([
  "tool_choice",
  "response_format",
  "previous_response_id",
  "max_tool_calls",
  "max_completion_tokens",
  "parallel_tool_calls",
  "text.format",
])

describe("the checks of the shapes", () => {
  const file = (name: string, text: string) => [sourceFile(name, text)]

  it("find a long function, whatever its form", () => {
    const body = "  f()\n".repeat(60)
    expect(longFunctions(file("a.ts", `function f() {\n${body}}\n`))).toEqual(["a.ts f: 62 lines"])
    expect(longFunctions(file("a.ts", `const g = () => {\n${body}}\n`))).toEqual(["a.ts g: 62 lines"])
    expect(longFunctions(file("a.ts", `class A {\n  m() {\n${body}  }\n}\n`))).toEqual(["a.ts m: 62 lines"])
  })

  it("find options that are several things", () => {
    const fields = Array.from({ length: 9 }, (_, at) => `  f${at}: string\n`).join("")
    expect(wideOptions(file("a.ts", `interface AOptions {\n${fields}}\n`))).toEqual([
      "a.ts AOptions: 9 fields",
    ])
    expect(wideOptions(file("a.ts", `type AContext = {\n${fields}}\n`))).toEqual(["a.ts AContext: 9 fields"])
  })

  it("find a piece, a name twice, a counter in a module, a wide comment", () => {
    const pair = [
      sourceFile("engine/a.ts", 'import { b } from "./b.ts"\nexport const a = b\n'),
      sourceFile("engine/b.ts", "export const b = 1\n"),
    ]
    expect(
      strayPieces(
        pair,
        () => false,
        () => false,
      ),
    ).toEqual(["engine/b.ts is a part of engine/a.ts"])
    expect(namesTwice([...pair, sourceFile("http/c.ts", "export const b = 2\n")])).toEqual([
      "b: engine/b.ts, http/c.ts",
    ])
    expect(
      moduleState(file("a.ts", "let count = 0\nexport const seen = new Map<string, string>()\n")),
    ).toEqual(["a.ts count", "a.ts seen"])
    expect(wideComments(file("a.ts", `  // ${"word ".repeat(20)}\n`))).toEqual(["a.ts:1"])
    expect(depthFrom("engine/a.ts", pair)).toEqual(["engine/a.ts", "engine/b.ts"])
    expect(wordsIn(file("a.ts", 'throw new E({ param: "text" })\n'), (word) => word === "param")).toEqual([
      "a.ts: param",
    ])
  })
})
