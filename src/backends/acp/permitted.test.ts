import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createTempDir, type TempDir } from "../../../test/support/temp-dir.ts"
import { type PermissionPolicy, permissionAnswer } from "./permitted.ts"

const policy = {
  permissions: "workspace",
  folders: ["/home/ann/agent"],
  protectedFolders: ["/home/ann/agent/control"],
  isClientCall: false,
} as const

function isAllowed(kind: string, file: string, rules: PermissionPolicy = policy): boolean {
  const answer = permissionAnswer(
    {
      sessionId: "s",
      options: [
        { optionId: "yes", kind: "allow_once" },
        { optionId: "no", kind: "reject_once" },
      ],
      toolCall: { toolCallId: "c", kind, locations: [{ path: file }] },
    },
    rules,
  )
  return JSON.stringify(answer).includes('"yes"')
}

describe("an agent of the Agent Client Protocol that may write in its folder", () => {
  it.each([
    ["edit", "/home/ann/agent/notes/day.md", true],
    ["edit", "control.md", true],
    ["edit", "/home/ann/agent/control/agent.json", false],
    ["edit", "notes/../control/agent.json", false],
    ["delete", "/home/ann/agent/control", false],
    ["move", "/home/ann/agent", false],
    ["edit", "/home/ann/.profile", false],
    ["read", "/home/ann/agent/control/agent.json", true],
  ])("asks to %s %s: %s", (kind, file, isPermitted) => {
    expect(isAllowed(kind, file)).toBe(isPermitted)
  })
})

describe("the same, among symbolic links", () => {
  let home: TempDir
  let linked: PermissionPolicy

  beforeAll(async () => {
    home = await createTempDir("permitted")
    const at = (name: string) => join(home.path, name)
    for (const folder of ["agent/control", "agent/notes", "outside/deep"]) {
      mkdirSync(at(folder), { recursive: true })
    }
    for (const file of ["agent/control/agent.json", "agent/notes/day.md", "outside/.profile"]) {
      writeFileSync(at(file), "")
    }
    const links = [
      ["agent", "by-name"],
      ["outside", "agent/out"],
      [at("outside/.profile"), "agent/profile"],
      ["../outside/not-there-yet", "agent/soon"],
      ["notes/not-there-yet", "agent/tomorrow"],
      ["control", "agent/settings"],
      ["../outside/deep", "agent/deep"],
      ["round", "agent/round"],
      ["agent/notes", "to-notes"],
      ...Array.from({ length: 60 }, (_, index) => [
        `hop${index + 1}/../hop${index + 1}`,
        `agent/hop${index}`,
      ]),
    ]
    for (const [target = "", name = ""] of links) {
      symlinkSync(target === "outside" || target === "agent/notes" ? at(target) : target, at(name))
    }
    // Named by a link itself, as a home on another disk is.
    const agent = at("by-name")
    linked = { ...policy, folders: [agent], protectedFolders: [join(agent, "control")] }
  })
  afterAll(() => home.remove())

  it.each([
    ["edit", "agent/notes/day.md", true],
    ["edit", "agent/new/folder/file", true],
    ["edit", "by-name/notes/day.md", true],
    ["edit", "agent/tomorrow", true],
    ["edit", "by-name/out/new", false],
    ["edit", "by-name/out/new/folder/file", false],
    ["edit", "by-name/profile", false],
    ["edit", "by-name/soon", false],
    ["edit", "agent/settings/agent.json", false],
    ["edit", "by-name/settings/new.json", false],
    ["edit", "by-name/deep/../new", false],
    ["edit", "agent/../outside/new", false],
    ["edit", "agent/out/../agent/notes/day.md", true],
    ["edit", "agent/round", false],
    // Each link leads twice to the next one, the last to nothing.
    ["edit", "agent/hop0", false],
    ["edit", "agent/notes/day.md/file", false],
    ["delete", "agent/settings", false],
    // It is the link that is deleted.
    ["delete", "to-notes", false],
  ])("asks to %s %s: %s", (kind, file, isPermitted) => {
    expect(isAllowed(kind, `${home.path}/${file}`, linked)).toBe(isPermitted)
  })
})
