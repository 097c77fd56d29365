import * as z from "zod"
import type { Colleagues } from "./colleagues.ts"
import { type TeamTool, teamTool } from "./team-tool.ts"

export function taskResultTool(colleagues: Colleagues): TeamTool {
  return teamTool({
    name: "task_result",
    description: "The answer to what you asked another agent with wait: false, or that it is still at work.",
    schema: z.object({
      task_id: z.string().min(1),
      wait: z.boolean().default(true).describe("false: do not wait for the end."),
    }),
    run: async ({ arguments: { task_id: taskId, wait }, turn, signal }) => {
      const live = await colleagues.find(turn, taskId)
      return wait ? colleagues.resultOf(live, signal) : colleagues.stateOf(live)
    },
  })
}
