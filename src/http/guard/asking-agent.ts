import { askingAgentHeaders } from "../../config/control-socket.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { TurnRequest } from "../../domain/turn-request.ts"
import { type Asker, assertMayAsk } from "../../team/colleagues.ts"
import type { RouteParts } from "../server/route-parts.ts"
import type { HeaderSource } from "./request-headers.ts"

export type AskingAgentParts = Pick<RouteParts, "engine" | "agentTokens">

/**
 * The agent in whose turn this request is made, and who waits for that turn. Where several of its
 * turns run and the thread is not named it may be any of them. Null: it is made by no agent, or its
 * turn is over, so that nobody waits.
 */
export function askerOf(source: HeaderSource, { engine, agentTokens }: AskingAgentParts): Asker | null {
  const token = source.req.header(askingAgentHeaders.token)
  const agentId = token === undefined ? null : agentTokens.agentOf(`Bearer ${token}`)
  if (agentId === null) return null
  const thread = source.req.header(askingAgentHeaders.thread)
  const turns = engine
    .runningTurns(agentId)
    .filter(({ nativeThread }) => thread === undefined || nativeThread === null || nativeThread === thread)
  if (turns.length === 0) return null
  return { agentId, askedBy: [...new Set(turns.flatMap(({ askedBy }) => askedBy))] }
}

/** A request that an agent makes in its turn. Throws `agent_waits` where it waited for itself. */
export function askedByOf(
  asker: Asker | null,
  agentId: string | null,
  depth: number,
): Pick<TurnRequest, "askedBy"> {
  if (asker === null || agentId === null) return {}
  assertMayAsk(asker, agentId, depth)
  return { askedBy: [...asker.askedBy, asker.agentId] }
}

/** Throws `agent_waits` for an agent that would end its own turn, `doing` something to itself. */
export function assertOutlives(asker: Asker | null, agentId: string, doing: string): void {
  if (asker === null || ![asker.agentId, ...asker.askedBy].includes(agentId)) return
  const who =
    asker.agentId === agentId ? `You are ${agentId}, in a turn of yours` : `${agentId} waits for your answer`
  throw new ProxyError(
    "agent_waits",
    `${who}: ${doing} it now would end that turn without an answer. Nothing was done. Finish your turn, and say in your answer ` +
      "what is to be done then.",
  )
}
