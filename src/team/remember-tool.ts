import * as z from "zod"
import { appendMemory, maxFactLength } from "../workspace/append-memory.ts"
import { type TeamTool, teamTool } from "./team-tool.ts"

export function rememberTool(now: () => number): TeamTool {
  return teamTool({
    name: "remember",
    description:
      "Keeps a lasting fact in your memory (memory/memory.md), dated. Your memory is put in front of every new thread, and " +
      "everybody who may talk to you shares it: no passwords, no keys.",
    schema: z.object({
      fact: z.string().min(1).max(maxFactLength).describe("One fact, understandable without this thread."),
    }),
    run: async ({ arguments: { fact }, turn }) => {
      await appendMemory(turn.agent.workspace, fact, new Date(now()))
      return { text: "It is in your memory." }
    },
  })
}
