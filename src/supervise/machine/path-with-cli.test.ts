import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createTempDir, type TempDir } from "../../../test/support/temp-dir.ts"
import { pathWithCli } from "./service-environment.ts"

let home: TempDir

beforeEach(async () => {
  home = await createTempDir("path")
})
afterEach(() => home.remove())

function installCli(folder: string): string {
  const path = join(home.path, folder)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, "some-agent"), "#!/bin/sh\n", { mode: 0o755 })
  return path
}

const found = (paths: readonly (string | undefined)[]) =>
  pathWithCli("some-agent", paths, home.path)?.split(":") ?? null

describe("the PATH that finds the CLI", () => {
  it("is the first one where that has it, and behind it what of the earlier one still exists", () => {
    const here = installCli("here")
    const older = join(home.path, "older")
    mkdirSync(older)
    const path = found([here, `${older}:/gone`])
    expect(path?.[0]).toBe(here)
    expect(path?.at(-1)).toBe(older)
    expect(path).not.toContain("/gone")
  })

  it("has the earlier one behind it where a poorer shell has lost it", () => {
    const before = installCli("before")
    expect(found(["/poor", before])?.slice(0, 2)).toEqual(["/poor", before])
  })

  it("has the folder of an installer where no shell told it", () => {
    const local = installCli(".local/bin")
    expect(found(["/poor", undefined])).toContain(local)
  })

  it("is none where the CLI is nowhere", () => {
    expect(found(["/poor"])).toBeNull()
  })
})
