import { spawnSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { missingCli, testCli } from "../support/test-clis.ts"

describe.each([["claude", "2.1.197"]])("the agent CLI %s of test/clis", (name, version) => {
  const file = testCli(name)

  it.skipIf(file === null)(file === null ? missingCli(name) : "starts, and has the pinned version", () => {
    const { stdout } = spawnSync(file ?? "", ["--version"], { encoding: "utf8", timeout: 15_000 })
    expect(stdout).toContain(version)
  })
})
