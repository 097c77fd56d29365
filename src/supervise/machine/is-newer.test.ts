import { describe, expect, it } from "vitest"
import { isNewer } from "./installation.ts"

describe("a version", () => {
  it.each([
    ["0.4.0", "0.3.9", true],
    ["0.10.0", "0.9.0", true],
    ["1.0.0", "0.99.99", true],
    ["0.3.0", "0.3.0", false],
    ["0.3.0", "0.3.0-rc.1", false],
    ["0.3.9", "0.4.0", false],
    ["0.3.0", "", true],
  ])("%s is newer than %s: %s", (version, than, expected) => {
    expect(isNewer(version, than)).toBe(expected)
  })
})
