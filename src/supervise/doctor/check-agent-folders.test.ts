import { execFileSync } from "node:child_process"
import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { become, becomeOneself, eachUser } from "../../../test/support/each-user.ts"
import { createTempDir, type TempDir } from "../../../test/support/temp-dir.ts"
import { ensureAgentWorkspace } from "../../workspace/agent/agent-workspace.ts"
import { checkAgentFolders } from "./check-agent-folders.ts"

let home: TempDir

describe.each(eachUser)("doctor on the agents' folders, as $user,", ({ uid }) => {
  beforeEach(async () => {
    home = await createTempDir("agent-folders")
    become(uid, home.path)
    await ensureAgentWorkspace(home.path, { role: "manager", name: null })
    await ensureAgentWorkspace(home.path, { role: "engineer", name: "alice" })
  })
  afterEach(async () => {
    becomeOneself()
    await home.remove()
  })

  const manager = (path: string) => join(home.path, "manager", path)

  it("has nothing to say of those that are as they were made", async () => {
    expect(await checkAgentFolders(home.path)).toEqual([
      {
        name: "folders",
        status: "ok",
        message: expect.stringMatching(/^manager, engineer_alice: /),
        next: null,
      },
    ])
  })

  it("names what is a link, a pipe, no text or gone, and what to do", async () => {
    renameSync(manager("notes"), manager("elsewhere"))
    symlinkSync("elsewhere", manager("notes"))
    rmSync(manager("inbox"), { recursive: true })
    writeFileSync(manager("memory/memory.md"), Buffer.alloc(1000))
    rmSync(manager("AGENTS.md"))
    execFileSync("mkfifo", [manager("AGENTS.md"), manager("logs/turns.jsonl")])
    // Its CLI follows links: they are nobody's trouble.
    rmSync(manager("CLAUDE.md"))
    symlinkSync("SOUL.md", manager("CLAUDE.md"))
    const checks = await checkAgentFolders(home.path)
    expect(checks.map(({ message }) => message)).toEqual([
      expect.stringMatching(`^${manager("notes")} is a symbolic link`),
      `${manager("inbox")} is missing`,
      expect.stringMatching(`^${manager("memory/memory.md")} is no text`),
      `${manager("logs/turns.jsonl")} is a named pipe and not a file`,
      `${manager("AGENTS.md")} is no file`,
    ])
    expect(checks.every(({ status, next }) => status === "warning" && next !== null)).toBe(true)
  })

  it("has nothing to say of a home that is not there yet", async () => {
    expect(await checkAgentFolders(join(home.path, "new"))).toEqual([])
  })
})
