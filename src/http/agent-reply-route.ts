import type { Config } from "../config/config.ts"
import { ProxyError } from "../domain/errors.ts"
import { parseAgentReply, toAgentReply } from "../protocol/agent-reply.ts"
import { invalidRequest } from "../protocol/shape.ts"
import type { AgentReplies } from "../team/agent-replies.ts"
import type { HttpContext } from "./http-env.ts"
import { readJsonBody } from "./json-body.ts"

/** `POST /agent-reply`: an agent, known by its token, or a client in its name. */
export function createAgentReplyHandler({
  replies,
  config,
}: {
  readonly replies: AgentReplies
  readonly config: Config
}): (context: HttpContext) => Promise<Response> {
  return async (context) => {
    const { agentId: sender } = context.var
    const parsed = parseAgentReply(await readJsonBody(context, config.limits))
    const agentId = parsed.agentId ?? sender
    if (agentId == null) throw invalidRequest("agent", "Missing required parameter: 'agent'.")
    if (sender !== undefined && agentId !== sender) {
      throw new ProxyError("agent_not_found", `This token is good for the agent '${sender}' only.`, {
        param: "agent",
      })
    }
    const principal = sender === undefined ? context.var.principal : null
    return context.json(toAgentReply(await replies.deliver({ ...parsed, agentId }, principal)))
  }
}
