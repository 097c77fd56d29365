import { describe, expect, it } from "vitest"
import type { AgentStatus } from "../domain/agents.ts"
import { toModel, toModelList } from "./models.ts"

const manager: AgentStatus = {
  id: "manager",
  role: "manager",
  name: "manager",
  state: "running",
  backend: "codex",
  program: "codex",
  readiness: { isReady: true },
  capabilities: null,
  pid: null,
  lastExit: null,
  restarts: 0,
  loginProblem: null,
  controlProblem: null,
  loadedThreads: 0,
  runningTurns: 0,
  queuedTurns: 0,
  createdAt: 1_700_000_000_999,
  lastActiveAt: null,
}

describe("the list of models", () => {
  it("has one model for each agent, without capabilities until its CLI has told them", () => {
    expect(toModelList([manager])).toEqual({
      object: "list",
      data: [
        {
          id: "manager",
          object: "model",
          created: 1_700_000_000,
          owned_by: "codex",
          ready: true,
          problem: null,
          capabilities: null,
        },
      ],
    })
  })

  it("says what each agent's CLI can do", () => {
    const capabilities = {
      program: "codex 0.169.0",
      version: "0.169.0",
      streamsDeltas: true,
      acceptsImages: true,
      hasOutputSchema: true,
      hasFunctions: true,
      hasFork: false,
      efforts: ["low", "high"],
    }
    expect(toModel({ ...manager, capabilities }).capabilities).toEqual({
      program: "codex 0.169.0",
      version: "0.169.0",
      streams_deltas: true,
      accepts_images: true,
      calls_functions: true,
      takes_json_schema: true,
      forks_threads: false,
      reasoning_efforts: ["low", "high"],
    })
  })
})
