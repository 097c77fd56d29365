import * as z from "zod"
import type { Colleagues } from "./colleagues.ts"
import { type TeamTool, teamTool } from "./team-tool.ts"

const maxMessageLength = 200_000

export function askAgentTool(colleagues: Colleagues): TeamTool {
  return teamTool({
    name: "ask_agent",
    description:
      "Asks another agent, who works in a workspace and with a memory of its own and remembers what you asked before in this " +
      "conversation. It knows nothing of this thread: the message must say all that it needs. Returns its answer, or, with " +
      "wait: false, a task id at once.",
    schema: z.object({
      agent: z.string().min(1).describe("Its id or name, see list_agents."),
      message: z.string().min(1).max(maxMessageLength),
      wait: z.boolean().default(true).describe("false: do not wait for the answer; get it with task_result."),
    }),
    run: async ({ arguments: { agent, message, wait }, turn, signal }) => {
      const live = await colleagues.ask(turn, agent, message, !wait)
      if (!wait) return colleagues.stateOf(live)
      // Also when the CLI fails, which is no interrupt: nobody would read the answer.
      const cancel = (): void => live.cancel()
      signal.addEventListener("abort", cancel)
      if (signal.aborted) cancel()
      const result = await colleagues.resultOf(live, signal)
      signal.removeEventListener("abort", cancel)
      return result
    },
  })
}
