import type { AgentProfile, Capabilities } from "../../domain/agents.ts"
import type { FunctionTool } from "../../domain/items.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { CallingTurn, ServiceTools } from "../../domain/service-tools.ts"
import type { ThreadRecord } from "../../domain/store.ts"
import type { SideRequest, TurnRequest } from "../../domain/turn-request.ts"

/**
 * All that an agent may call in a thread: the client's functions, and the tools of the service
 * beside them. A tool of the service whose name the client has for a function of its own is offered
 * under another one.
 */
export class TurnTools {
  readonly offered: readonly FunctionTool[]
  readonly #serviceNames = new Map<string, string>()

  constructor(clientTools: readonly FunctionTool[], serviceTools: readonly FunctionTool[], label: string) {
    const taken = new Set(clientTools.map(({ name }) => name))
    const offered = [...clientTools]
    for (const tool of serviceTools) {
      let { name } = tool
      for (let number = 1; taken.has(name); number++) {
        name = number === 1 ? `${label}_${tool.name}` : `${label}_${tool.name}_${number}`
      }
      taken.add(name)
      this.#serviceNames.set(name, tool.name)
      offered.push({ ...tool, name, owner: label })
    }
    this.offered = offered
  }

  /** The service's own name of a tool; null: it is a function of the client. */
  serviceNameOf(offeredName: string): string | null {
    return this.#serviceNames.get(offeredName) ?? null
  }
}

/** Side requests get none of the service's tools, nor do agents whose CLI calls no functions. */
export function turnTools(
  clientTools: readonly FunctionTool[],
  service: ServiceTools | null,
  agent: { readonly profile: AgentProfile; readonly capabilities: Capabilities | null },
  sideRequest: SideRequest | null,
): TurnTools {
  const isOffered = service !== null && sideRequest === null && agent.capabilities?.hasFunctions === true
  return new TurnTools(clientTools, isOffered ? service.toolsFor(agent.profile) : [], service?.label ?? "")
}

/** A turn as the tools see it that are called in it. */
export function callingTurn(
  agent: AgentProfile,
  { conversationId, sessionKey, keepsThread, askedBy }: Omit<TurnRequest, "input">,
  thread: ThreadRecord,
  { id, principal }: ResponseRecord,
): Omit<CallingTurn, "interrupted"> {
  return {
    principal,
    agent,
    responseId: id,
    // Where it has a name, that outlives a change of the client's functions, which means another
    // thread.
    conversation: conversationId ?? sessionKey ?? thread.sessionKey ?? thread.id,
    keepsThread,
    askedBy: askedBy ?? [],
  }
}
