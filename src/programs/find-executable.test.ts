import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { findExecutable } from "./find-executable.ts"

describe("looking for a program", () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "executable-"))
    mkdirSync(path.join(folder, "bin"))
    mkdirSync(path.join(folder, "empty"))
    mkdirSync(path.join(folder, "empty", "tool"))
    writeFileSync(path.join(folder, "bin", "tool"), "#!/bin/sh\n")
    chmodSync(path.join(folder, "bin", "tool"), 0o755)
    writeFileSync(path.join(folder, "bin", "text"), "")
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it("takes the first executable file of the PATH, not a folder of that name", () => {
    const pathVariable = ["", path.join(folder, "empty"), path.join(folder, "bin")].join(path.delimiter)
    expect(findExecutable("tool", pathVariable)).toBe(path.join(folder, "bin", "tool"))
  })

  it("finds nothing that is missing or may not be run", () => {
    const pathVariable = path.join(folder, "bin")
    expect(findExecutable("text", pathVariable)).toBeNull()
    expect(findExecutable("other", pathVariable)).toBeNull()
    expect(findExecutable("tool", undefined)).toBeNull()
    expect(findExecutable("", pathVariable)).toBeNull()
  })

  it("takes a path as it is", () => {
    const tool = path.join(folder, "bin", "tool")
    expect(findExecutable(tool, undefined)).toBe(tool)
    expect(findExecutable(path.join(folder, "bin", "none"), undefined)).toBeNull()
  })
})
