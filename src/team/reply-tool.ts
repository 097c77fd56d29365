import * as z from "zod"
import type { AgentReplies } from "./agent-replies.ts"
import { type TeamTool, teamTool } from "./team-tool.ts"

export function replyTool(replies: AgentReplies): TeamTool {
  return teamTool({
    name: "reply",
    description:
      "Says something to whoever waits for your answer, before you have it: what you have found, or what takes long. Your answer " +
      "itself is your last message, as always.",
    schema: z.object({ text: z.string().min(1).max(100_000) }),
    run: async ({ arguments: { text }, turn }) => {
      const { delivery } = await replies.deliver(
        {
          agentId: turn.agent.id,
          text,
          isFinal: false,
          sent: null,
          responseId: turn.responseId,
          conversationId: null,
          nativeThread: null,
          clientId: null,
        },
        turn.principal,
      )
      return { text: delivery === "turn" ? "It was said." : "Nobody waits any more; it is kept." }
    },
  })
}
