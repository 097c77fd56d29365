import * as z from "zod"
import { explain } from "../domain/backend.ts"
import type { Roster } from "../domain/roster.ts"
import { type TeamTool, teamTool } from "./team-tool.ts"

/** For the manager: whoever may hire decides what runs on this machine. */
export function hireAgentTool(roster: Pick<Roster, "hire">): TeamTool {
  return teamTool({
    name: "hire_agent",
    description:
      "Hires an agent, who stays: with a workspace and a memory of its own, to be asked with ask_agent, as often as you like. An " +
      "agent of that role and name who is there already is taken.",
    schema: z.object({
      role: z.string().min(1).describe("What it is, e.g. engineer, architect, researcher, reviewer."),
      name: z.string().min(1).describe("Lower-case letters, digits and hyphens, e.g. alice."),
    }),
    isFor: ({ role }) => role === "manager",
    run: async ({ arguments: { role, name } }) => {
      const { agent, isNew } = await roster.hire({ role, name })
      const what = isNew ? "is hired" : "was hired before"
      const state = agent.readiness.isReady
        ? "can be asked now"
        : `cannot be asked yet: ${explain(agent.readiness)}`
      return { text: `${agent.id} ${what} and ${state}`.replace(/([^.])$/, "$1.") }
    },
  })
}
