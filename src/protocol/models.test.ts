import { describe, expect, it } from "vitest"
import type { AgentStatus } from "../domain/agents.ts"
import { toModelList } from "./models.ts"

const manager: AgentStatus = {
  id: "manager",
  role: "manager",
  name: "manager",
  backend: "codex",
  program: "codex",
  readiness: { isReady: true },
  capabilities: null,
  runningTurns: 0,
  queuedTurns: 0,
  createdAt: 1_700_000_000_999,
  lastActiveAt: null,
}

describe("the list of models", () => {
  it("has one model for each agent, with nothing of its insides", () => {
    expect(toModelList([manager])).toEqual({
      object: "list",
      data: [{ id: "manager", object: "model", created: 1_700_000_000, owned_by: "codex" }],
    })
  })
})
