import * as z from "zod"
import { explain } from "../domain/backend.ts"
import type { Engine } from "../engine/engine.ts"
import { type TeamTool, teamTool } from "./team-tool.ts"

export function listAgentsTool(engine: () => Engine): TeamTool {
  return teamTool({
    name: "list_agents",
    description: "Lists the agents of this service, you among them, and whether they can be asked now.",
    schema: z.object({}),
    run: ({ turn }) => {
      const lines = engine()
        .agents()
        .map(({ id, role, readiness, runningTurns }) => {
          const you = id === turn.agent.id ? ", you" : ""
          const state = readiness.isReady ? `${runningTurns} turns running` : explain(readiness)
          return `- ${id} (${role}${you}): ${state}`
        })
      return { text: lines.join("\n") }
    },
  })
}
