import type { AgentStatus } from "../../domain/agents.ts"
import type { ThreadOptions } from "../../domain/backend.ts"
import { cannotBeHeld } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import type { SideRequest, TurnRequest } from "../../domain/turn-request.ts"

/** In place of the agent's memory and role, which are none of a side request's business. */
export const sideRequestInstructions =
  "A chat program asks you for a text about a conversation that is not yours (a title, tags, suggestions, a summary). Answer " +
  "at once, from what the message holds, in the form that it asks for. Use no tools, run nothing, write no file and " +
  "remember nothing."

/** How far the agent may go. A merely likely one gets the agent as it is, who only looks. */
export function limitsOf(sideRequest: SideRequest | null): Pick<ThreadOptions, "reach"> {
  if (sideRequest === null) return {}
  return { reach: sideRequest.certainty === "certain" ? "only-answers" : "only-reads" }
}

type Askable = Omit<TurnRequest, "input">

/**
 * What may be a side request, as this agent is to be asked it. One that cannot be held is asked
 * what is merely likely as ever; what is certain is refused: throws `invalid_request`, before
 * anything is begun.
 */
export function asToBeRun<Request extends Askable>(
  request: Request,
  agentOf: () => Pick<AgentStatus, "id" | "capabilities">,
  log: Log,
): Request {
  const { sideRequest } = request
  if (sideRequest === null) return request
  const { id, capabilities } = agentOf()
  const isLikely = sideRequest.certainty === "likely"
  if (!isLikely && capabilities?.alwaysActs === true) throw cannotBeHeld(capabilities.program)
  const isOrdinary = isLikely && capabilities?.alwaysActs === true
  log(isLikely ? "info" : "debug", `side request${isOrdinary ? ", run as any other" : ""}`, {
    agent: id,
    ...sideRequest,
  })
  return isOrdinary ? { ...request, sideRequest: null } : detached(request)
}

/**
 * A side request as it is run: on a throw-away thread of its own, whatever it says about
 * conversations, and without functions. Only a front end that wants its answer as a function call
 * keeps them. What is to be stored is, so that its client can fetch it, and go on from it: on a
 * thread that is an ordinary one.
 */
function detached<Request extends Askable>(request: Request): Request {
  const keepsTools = request.functionChoice.isRequired
  const { conversation: _, ...echo } = request.echo
  return {
    ...request,
    tools: keepsTools ? request.tools : [],
    functionChoice: keepsTools ? request.functionChoice : { allowed: null, isRequired: false },
    previousResponseId: null,
    conversationId: null,
    sessionKey: null,
    resendsHistory: false,
    keepsThread: request.isStored,
    isBackground: false,
    echo,
  }
}
