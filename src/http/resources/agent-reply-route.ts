import { ownerPrincipal } from "../../config/settings.ts"
import { ProxyError } from "../../domain/errors.ts"
import { parseAgentReply, toAgentReply, toReplyAnswer } from "../../protocol/agent-reply.ts"
import { toList } from "../../protocol/common/answer-parts.ts"
import { invalidRequest } from "../../protocol/common/shape.ts"
import { readJsonBody } from "../guard/json-body.ts"
import { integerQuery } from "../guard/query-parameters.ts"
import { type Handler, type Routes, targetOf } from "../server/http-env.ts"
import { answerJson } from "../server/large-answer.ts"
import type { RouteParts } from "../server/route-parts.ts"

type AgentReplyParts = Pick<RouteParts, "engine" | "replies" | "config">

/** `POST /agent-reply`: an agent says something, known by its token, or a client in its name. */
export function agentReplyHandler({ replies, config }: AgentReplyParts): Handler {
  return async (context) => {
    const sender = context.get("agentId")
    const parsed = parseAgentReply(await readJsonBody(context, config.limits))
    const agentId = parsed.agentId === null ? sender : replies.agentOf(parsed.agentId)
    if (agentId == null) throw invalidRequest("agent", "Missing required parameter: 'agent'.")
    if (sender !== undefined && agentId !== sender) {
      throw new ProxyError("agent_not_found", `This token is good for the agent '${sender}' only.`, {
        param: "agent",
      })
    }
    const principal = sender === undefined ? context.get("principal") : null
    return context.json(toReplyAnswer(await replies.deliver({ ...parsed, agentId }, principal)))
  }
}

/** `/agent-reply` and what waits in the outboxes. */
export function agentReplyRoutes(parts: AgentReplyParts): Routes {
  const { engine, replies } = parts
  /** Also of one that was fired: what it has said is kept under its id. */
  const outboxOf = (word: string | undefined): string | null =>
    word === undefined ? null : (engine.findAgent(word)?.id ?? word)
  return {
    "/agent-reply": {
      GET: async (context) => {
        const limit = integerQuery(context, "limit", 1, 100) ?? 20
        const principal = context.get("principal")
        const found = await replies.outbox({
          agentId: outboxOf(context.req.query("agent")),
          principal,
          includesNobodys: readsNobodys(principal),
          limit,
        })
        return answerJson(context, toList(found.replies.map(toAgentReply), found.hasMore))
      },
      POST: agentReplyHandler(parts),
    },
    "/agent-reply/:id": {
      /** Somebody has seen to it. */
      DELETE: async (context) => {
        const [principal, id] = targetOf(context)
        await replies.remove(id, principal, readsNobodys(principal))
        return context.json({ id, object: "agent_reply.deleted", deleted: true })
      },
    },
  }
}

/** An agent that names no turn may speak of anybody's affairs: that is for its owner only. */
function readsNobodys(principal: string): boolean {
  return principal === ownerPrincipal
}
