import { describe, expect, it } from "vitest"
import { permissionAnswer } from "./permitted.ts"

const policy = {
  permissions: "workspace",
  folders: ["/home/ann/agent"],
  protectedFolders: ["/home/ann/agent/control"],
  isClientCall: false,
} as const

function isAllowed(kind: string, file: string): boolean {
  const answer = permissionAnswer(
    {
      sessionId: "s",
      options: [
        { optionId: "yes", kind: "allow_once" },
        { optionId: "no", kind: "reject_once" },
      ],
      toolCall: { toolCallId: "c", kind, locations: [{ path: file }] },
    },
    policy,
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
