import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ensureAgentWorkspace } from "./agent-workspace.ts"

describe("ensureAgentWorkspace", () => {
  let home: string

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "workspace-"))
  })

  afterEach(async () => {
    await rm(home, { recursive: true })
  })

  const manager = () => ({ role: "manager", name: null, workingDirectory: join(home, "deep", "work") })

  it("makes the manager's workspace and its working directory", async () => {
    expect(await ensureAgentWorkspace(home, manager())).toEqual({
      id: "manager",
      role: "manager",
      name: "manager",
      workspace: join(home, "manager"),
      workingDirectory: join(home, "deep", "work"),
    })
    expect((await readdir(join(home, "manager"))).sort()).toEqual([
      "AGENTS.md",
      "CLAUDE.md",
      "GEMINI.md",
      "SOUL.md",
      "control",
      "inbox",
      "logs",
      "memory",
      "notes",
    ])
    expect((await stat(join(home, "deep", "work"))).isDirectory()).toBe(true)
  })

  it("tells the agent of its memory and notes, in every CLI's own file", async () => {
    const { workspace } = await ensureAgentWorkspace(home, manager())
    const instructions = await readFile(join(workspace, "AGENTS.md"), "utf8")
    expect(instructions).toContain("memory/memory.md")
    expect(instructions).toContain("notes/daily-")
    for (const file of ["CLAUDE.md", "GEMINI.md"]) {
      expect(await readFile(join(workspace, file), "utf8")).toContain("@AGENTS.md")
    }
  })

  it("keeps everything for its owner only", async () => {
    const { workspace } = await ensureAgentWorkspace(home, manager())
    for (const entry of await readdir(workspace, { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(join(entry.parentPath, entry.name))
      expect(`${entry.name} ${(mode & 0o777).toString(8)}`).toBe(
        `${entry.name} ${entry.isDirectory() ? "700" : "600"}`,
      )
    }
  })

  it("writes how the agent is run to control/agent.json", async () => {
    await ensureAgentWorkspace(home, {
      role: "engineer",
      name: "alice",
      workingDirectory: home,
      cli: "claude",
      model: "m",
    })
    expect(JSON.parse(await readFile(join(home, "engineer_alice/control/agent.json"), "utf8"))).toEqual({
      role: "engineer",
      name: "alice",
      cli: "claude",
      backend: null,
      model: "m",
      permissions: "full",
      working_dir: home,
      desired_state: "running",
    })
  })

  it("never overwrites what somebody changed, and puts back what is missing", async () => {
    const { workspace } = await ensureAgentWorkspace(home, manager())
    const soul = join(workspace, "SOUL.md")
    await writeFile(soul, "mine")
    await rm(join(workspace, "memory"), { recursive: true })
    await ensureAgentWorkspace(home, manager())
    expect(await readFile(soul, "utf8")).toBe("mine")
    expect(await readFile(join(workspace, "memory/memory.md"), "utf8")).toContain("# Memory")
  })

  it("names the folder that cannot be made", async () => {
    await writeFile(join(home, "file"), "")
    const workingDirectory = join(home, "file", "work")
    await expect(ensureAgentWorkspace(home, { ...manager(), workingDirectory })).rejects.toThrow(
      `The folder ${workingDirectory} cannot be made`,
    )
  })

  it.each([
    ["../evil", null],
    ["", null],
    ["a_b", "c"],
    ["engineer", "../x"],
    ["engineer", "a/b"],
    ["engineer", "Alice"],
    ["engineer", ""],
    ["engineer", ".."],
    ["engineer", "a".repeat(33)],
  ])("refuses the role %j with the name %j, and makes nothing", async (role, name) => {
    const options = { role, name, workingDirectory: join(home, "work") }
    await expect(ensureAgentWorkspace(home, options)).rejects.toBeInstanceOf(RangeError)
    expect(await readdir(home)).toEqual([])
  })
})
