import { expect, it } from "vitest"
import type { AgentStatus } from "../domain/agents.ts"
import type { Roster } from "../domain/roster.ts"
import type { CallingTurn } from "../domain/service-tools.ts"
import { hireAgentTool } from "./hire-agent-tool.ts"

/** Only what the tool reads of an agent. */
const agentOf = (id: string) => ({ id, readiness: { isReady: true } }) as AgentStatus

function rosterOf(...ids: string[]): Pick<Roster, "hire" | "list"> {
  const agents = ids.map(agentOf)
  return {
    list: () => agents,
    hire: async ({ role, name }) => {
      await Promise.resolve()
      const id = `${role}_${name}`
      const isNew = !agents.some((agent) => agent.id === id)
      if (isNew) agents.push(agentOf(id))
      return { agent: agentOf(id), isNew }
    },
  }
}

it("hires up to the limit, also in parallel calls, and takes who is there without one", async () => {
  const tool = hireAgentTool(rosterOf("manager", "engineer_alice"), 2)
  const hire = async (name: string) => {
    const call = tool.run(JSON.stringify({ role: "engineer", name }), turn, new AbortController().signal)
    return call.then(
      ({ text }) => text,
      (error: Error) => error.message,
    )
  }
  const tooMany =
    "You have 2 agents, and may hire up to 2. Ask one of them (list_agents), or have a person hire one."
  expect(await Promise.all([hire("bob"), hire("bob"), hire("eve")])).toEqual([
    "engineer_bob is hired and can be asked now.",
    "engineer_bob was hired before and can be asked now.",
    tooMany,
  ])
  expect(await hire("eve")).toBe(tooMany)
  expect(await hire("alice")).toBe("engineer_alice was hired before and can be asked now.")
})

/** Only what the tool asks of it. */
const turn = { agent: { id: "manager" } } as CallingTurn
