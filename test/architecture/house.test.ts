import { readFileSync } from "node:fs"
import path from "node:path"
import { describe, expect, it } from "vitest"
import { knownStrangers, roomOf, throughWalls, usedElsewhere, uselessDoors, wrongWays } from "./checks.ts"
import { onePlace, rooms, strangers } from "./house.ts"
import { readSource, sourceFile } from "./source-files.ts"

const files = readSource()

describe("the rooms of src", () => {
  it("are all known", () => {
    expect(files.length).toBeGreaterThan(100)
    const folders = new Set(
      files
        .filter(({ path: file }) => roomOf(file, rooms)?.folder !== file)
        .map(({ path: file }) => path.posix.dirname(file))
        // Migrations are a part of what applies them.
        .filter(
          (folder) => !rooms.some((room) => room.folder === folder || `${room.folder}/migrations` === folder),
        ),
    )
    expect([...folders]).toEqual([])
  })

  it("import only what stands behind them", () => {
    expect(wrongWays(files, rooms)).toEqual([])
  })

  it("are entered by their doors, and have no other ones", () => {
    expect(throughWalls(files, rooms)).toEqual([])
    expect(uselessDoors(files, rooms)).toEqual([])
  })

  it("do not know those that are their like", () => {
    expect(knownStrangers(files, rooms, strangers)).toEqual([])
  })

  it("start programs and open ledgers in one place each", () => {
    expect(usedElsewhere(files, onePlace)).toEqual([])
  })

  it("are all named in CONTRIBUTING.md", () => {
    const page = readFileSync(path.resolve(import.meta.dirname, "../../CONTRIBUTING.md"), "utf8")
    const folders = rooms
      .map(({ folder }) => folder)
      .filter((folder) => folder !== "." && !folder.endsWith(".ts"))
    expect(folders.filter((folder) => !page.includes(`\`${folder}/\``))).toEqual([])
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

  it("find an import that does not come by a door, and a door for nobody", () => {
    const planted = [
      sourceFile("http/a.ts", 'import { b } from "../fetch/inside.ts"\nexport const a = b\n'),
      sourceFile("fetch/inside.ts", "export const b = 1\n"),
    ]
    const two = [
      { folder: "http", doors: [] },
      { folder: "fetch", doors: ["guarded-fetcher"] },
    ]
    expect(throughWalls(planted, two)).toEqual(["http/a.ts imports fetch/inside.ts"])
    expect(uselessDoors(planted, two)).toEqual(["fetch/guarded-fetcher.ts"])
  })

  it("find a room that knows its like, and a second place that starts programs", () => {
    const planted = [
      sourceFile("protocol/chat/a.ts", 'import { b } from "../responses/api.ts"\nexport const a = b\n'),
      sourceFile("protocol/responses/api.ts", "export const b = 1\n"),
      sourceFile("backends/codex/c.ts", 'import { spawn } from "node:child_process"\nspawn("codex")\n'),
    ]
    expect(knownStrangers(planted, rooms, strangers)).toEqual([
      "protocol/chat/a.ts imports protocol/responses/api.ts",
    ])
    expect(usedElsewhere(planted, onePlace)).toEqual(["backends/codex/c.ts: node:child_process"])
  })
})
