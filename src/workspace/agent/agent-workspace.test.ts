import { existsSync } from "node:fs"
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

  const manager = { role: "manager", name: null }

  it("makes the manager's workspace, and says when it was there", async () => {
    const path = join(home, "manager")
    expect(await ensureAgentWorkspace(home, manager)).toEqual({ id: "manager", path, isNew: true })
    expect(await ensureAgentWorkspace(home, manager)).toEqual({ id: "manager", path, isNew: false })
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
  })

  it("tells the agent of its memory and notes, in every CLI's own file", async () => {
    const { path: workspace } = await ensureAgentWorkspace(home, manager)
    const instructions = await readFile(join(workspace, "AGENTS.md"), "utf8")
    expect(instructions).toContain("memory/memory.md")
    expect(instructions).toContain("notes/daily-")
    for (const file of ["CLAUDE.md", "GEMINI.md"]) {
      expect(await readFile(join(workspace, file), "utf8")).toContain("@AGENTS.md")
    }
  })

  it("keeps everything for its owner only", async () => {
    const { path: workspace } = await ensureAgentWorkspace(home, manager)
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
      settings: { workingDir: home, cli: "claude", model: "m" },
    })
    expect(JSON.parse(await readFile(join(home, "engineer_alice/control/agent.json"), "utf8"))).toEqual({
      role: "engineer",
      name: "alice",
      cli: "claude",
      backend: null,
      model: "m",
      effort: null,
      permissions: "full",
      working_dir: home,
      env: [],
      desired_state: "running",
    })
  })

  it("never overwrites what somebody changed, and puts back what is missing", async () => {
    const { path: workspace } = await ensureAgentWorkspace(home, manager)
    const soul = join(workspace, "SOUL.md")
    await writeFile(soul, "mine")
    await rm(join(workspace, "memory"), { recursive: true })
    await ensureAgentWorkspace(home, manager)
    expect(await readFile(soul, "utf8")).toBe("mine")
    expect(await readFile(join(workspace, "memory/memory.md"), "utf8")).toContain("# Memory")
  })

  it("is made once by two that hire at the same time, and whole", async () => {
    for (let count = 0; count < 20; count += 1) {
      const agent = { role: "engineer", name: `a${count}` }
      const first = ensureAgentWorkspace(home, agent)
      // The other one comes while the folder is there and not complete yet, sooner or later.
      const begun = join(home, `engineer_a${count}`, ["", "control", "logs", "AGENTS.md"][count % 4] ?? "")
      await expect.poll(() => existsSync(begun), { interval: 1, timeout: 20_000 }).toBe(true)
      const both = await Promise.all([first, ensureAgentWorkspace(home, agent)])
      expect(both.map(({ isNew }) => isNew).sort()).toEqual([false, true])
      const files = await readdir(both[0].path, { recursive: true })
      expect(files).toEqual(expect.arrayContaining(["SOUL.md", "control/agent.json", "memory/memory.md"]))
      expect(files.filter((file) => file.endsWith(".tmp"))).toEqual([])
    }
  })

  it("names the folder that cannot be made", async () => {
    await writeFile(join(home, "file"), "")
    await expect(ensureAgentWorkspace(join(home, "file"), manager)).rejects.toThrow(
      `The folder ${join(home, "file", "manager")} cannot be made`,
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
    ["engineer", "a_b"],
    ["engineer", "-a"],
    ["archive", null],
    ["engineer", "a".repeat(33)],
  ])("refuses the role %j with the name %j, and makes nothing", async (role, name) => {
    await expect(ensureAgentWorkspace(home, { role, name })).rejects.toBeInstanceOf(RangeError)
    expect(await readdir(home)).toEqual([])
  })
})
