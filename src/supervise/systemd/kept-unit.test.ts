import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createTempDir, type TempDir } from "../../../test/support/temp-dir.ts"
import { keepUnit, keptUnits } from "./old-unit.ts"

let temp: TempDir
let unit: string

beforeEach(async () => {
  temp = await createTempDir("kept-unit")
  unit = join(temp.path, "ai-agent-proxy.service")
})
afterEach(() => temp.remove())

describe("units of release 0.2.0 in whose place ours was put", () => {
  it("are all kept, each once, the last one last", async () => {
    expect(await keptUnits(unit)).toEqual([])
    await keepUnit(unit, "first")
    await keepUnit(unit, "first")
    expect(await keptUnits(unit)).toEqual([`${unit}.from-0.2.0`])
    await keepUnit(unit, "second")
    await keepUnit(unit, "second")
    await keepUnit(unit, "first")
    const kept = ["", ".2", ".3"].map((number) => `${unit}.from-0.2.0${number}`)
    expect(await keptUnits(unit)).toEqual(kept)
    const texts = await Promise.all(kept.map((path) => readFile(path, "utf8")))
    expect(texts).toEqual(["first", "second", "first"])
    expect((await stat(`${unit}.from-0.2.0.2`)).mode & 0o777).toBe(0o600)
  })

  it("are never overwritten, nor is what else has such a name", async () => {
    await writeFile(`${unit}.from-0.2.0.9`, "ninth")
    await mkdir(`${unit}.from-0.2.0.10`)
    await writeFile(`${unit}.from-0.2.0.old`, "of a person")
    await keepUnit(unit, "now")
    expect((await keptUnits(unit)).at(-1)).toBe(`${unit}.from-0.2.0.11`)
    expect(await readFile(`${unit}.from-0.2.0.11`, "utf8")).toBe("now")
    expect(await readFile(`${unit}.from-0.2.0.9`, "utf8")).toBe("ninth")
    expect(await readdir(temp.path)).toHaveLength(4)
  })

  it("are none where there is no folder of units", async () => {
    await rm(temp.path, { recursive: true })
    expect(await keptUnits(unit)).toEqual([])
  })
})
