import path from "node:path"
import { describe, expect, it } from "vitest"
import { roomOf, wrongWays } from "./checks.ts"
import { rooms } from "./house.ts"
import { readSource, sourceFile } from "./source-files.ts"

const files = readSource()

describe("the rooms of src", () => {
  it("are all known", () => {
    expect(files.length).toBeGreaterThan(100)
    const folders = new Set(
      files
        .filter((file) => roomOf(file.path, rooms) === undefined)
        .map(({ path: file }) => path.posix.dirname(file)),
    )
    expect([...folders]).toEqual([])
  })

  it("import only what stands behind them", () => {
    expect(wrongWays(files, rooms)).toEqual([])
  })
})

describe("the checks of the rooms", () => {
  it("find an import of what stands in front", () => {
    const planted = [
      sourceFile("engine/plan/a.ts", 'import { b } from "../turn/b.ts"\nexport const a = b\n'),
      sourceFile("engine/turn/b.ts", "export const b = 1\n"),
    ]
    expect(wrongWays(planted, rooms)).toEqual(["engine/plan/a.ts imports engine/turn/b.ts"])
  })
})
