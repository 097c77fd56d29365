import * as z from "zod"
import { explain } from "../domain/agents.ts"
import { ProxyError } from "../domain/errors.ts"
import type { Roster } from "../domain/roster.ts"
import { type TeamTool, teamTool } from "./team-tool.ts"

/**
 * For the manager: whoever may hire decides what runs on this machine. It hires no more than
 * `maxAgents` beside itself, those that a person has hired counted, whose commands know no limit.
 */
export function hireAgentTool(roster: Pick<Roster, "hire" | "list">, maxAgents: number): TeamTool {
  /** Perhaps not in the list yet; parallel calls must not pass the limit together. */
  const hiring = new Set<string>()
  const assertPlace = (id: string): void => {
    const others = new Set([...roster.list().map((agent) => agent.id), ...hiring])
    others.delete("manager")
    if (others.has(id) || others.size < maxAgents) return
    throw new ProxyError(
      "invalid_request",
      `You have ${others.size} agents, and may hire up to ${maxAgents}. Ask one of them (list_agents), or have a person hire one.`,
    )
  }
  return teamTool({
    name: "hire_agent",
    description:
      "Hires an agent, who stays: with a workspace and a memory of its own, to be asked with ask_agent, as often as you like. An " +
      "agent of that role and name who is there already is taken.",
    schema: z.object({
      role: z.string().min(1).describe("What it is, e.g. engineer, architect, researcher, reviewer."),
      name: z.string().min(1).describe("Lower-case letters, digits and hyphens, e.g. alice."),
      shares_working_directory: z
        .boolean()
        .optional()
        .describe("True: a new one works in your working directory; else it gets one of its own."),
    }),
    isFor: ({ role }) => role === "manager",
    run: async ({ arguments: { role, name, shares_working_directory: sharesFolder = false }, turn }) => {
      const id = `${role}_${name}`
      assertPlace(id)
      hiring.add(id)
      const { agent, isNew } = await roster
        .hire({ role, name, hiredBy: turn.agent.id, sharesFolder })
        .finally(() => hiring.delete(id))
      const what = isNew ? "is hired" : "was hired before"
      const state = agent.readiness.isReady
        ? "can be asked now"
        : `cannot be asked yet: ${explain(agent.readiness)}`
      return { text: `${agent.id} ${what} and ${state}`.replace(/([^.])$/, "$1.") }
    },
  })
}
