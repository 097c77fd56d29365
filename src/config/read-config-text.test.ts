import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { readConfigText } from "./read-config-text.ts"

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ai-agent-proxy-config-text-"))
  path = join(folder, "secrets")
})
afterEach(() => rmSync(folder, { recursive: true }))

describe("a file of the configuration", () => {
  it("is null only where nothing of that name is there", () => {
    expect(readConfigText(path)).toBeNull()
    expect(readConfigText(join(folder, "none", "secrets"))).toBeNull()
    symlinkSync(join(folder, "unmounted"), path)
    expect(() => readConfigText(path)).toThrow(`${path}: is a link to something that is not there`)
  })

  it("is read through a link, and without a byte order mark", () => {
    writeFileSync(join(folder, "kept"), "\ufeffA=ü\n")
    symlinkSync(join(folder, "kept"), path)
    expect(readConfigText(path)).toBe("A=ü\n")
  })

  it("is refused with its line where it is not UTF-8", () => {
    writeFileSync(path, Buffer.concat([Buffer.from("# ü \ufffd\nA="), Buffer.from([0x80, 0xff])]))
    expect(() => readConfigText(path)).toThrow(`${path}:2: is not UTF-8 text`)
    writeFileSync(path, Buffer.from("\ufeffA=1\n", "utf16le"))
    expect(() => readConfigText(path)).toThrow(`${path}:1: is not UTF-8 text`)
  })

  it("is refused at once where it is a folder, a pipe or a device", () => {
    mkdirSync(path)
    expect(() => readConfigText(path)).toThrow(`${path}: is not a file`)
    execFileSync("mkfifo", [join(folder, "pipe")])
    expect(() => readConfigText(join(folder, "pipe"))).toThrow("is not a file")
    expect(() => readConfigText("/dev/null")).toThrow("is not a file")
  })
})
