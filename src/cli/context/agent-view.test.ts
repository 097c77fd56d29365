import { expect, it } from "vitest"
import { agentStatus } from "../../../test/http/fake-engine.ts"
import { agentJson, agentViewSchema, programOf } from "./agent-view.ts"

it("shows nothing of a program's words that a terminal would obey, whatever the service sends", () => {
  const said = "codex\u001b]0;gone\u0007 1.2.3\u001b[2J"
  const notReady = { isReady: false, reason: said, nextStep: "Look.", detail: said } as const
  const agent = agentViewSchema.parse({
    ...agentStatus("manager", {
      program: said,
      readiness: notReady,
      lastExit: { reason: said, at: 0 },
      loginProblem: { message: said, at: 0 },
      controlProblem: said,
    }),
    capabilities: { program: said, version: said, limitation: notReady },
  })
  expect(programOf(agent)).toBe("codex 1.2.3")
  expect(JSON.stringify(agentJson(agent, "/home"))).not.toMatch(/u001b|gone/)
  expect(JSON.stringify(agent)).not.toContain("u001b")
})
