import type { AgentStatus } from "../../domain/agents.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { Store, ThreadRecord } from "../../domain/store.ts"
import type { Agent } from "./agent.ts"

/** The engine's hold on a running agent: as long as it lasts, the agent is not replaced. */
export interface Claim {
  readonly agent: Agent
  /** Safe twice. */
  release(): void
}

/** An agent that can be addressed, running or not. */
export interface Member {
  readonly id: string
  /** Null as long as it has none: it has never been started. */
  readonly identity: string | null
  /** Null: the role is the whole name. */
  readonly name: string
  /** Absolute path of its workspace. */
  readonly workspace: string
  /** The running agent; null while there is none. */
  readonly agent: Agent | null
  /** The running agent, kept from being replaced; waits for one that is being replaced. Rejects with `agent_not_ready`. */
  claim(): Promise<Claim>
  /** `waitingTurns`: of this agent, that wait or run. */
  status(turns: number): AgentStatus
}

/** Who is there; changes while the engine runs. */
export interface AgentRoster {
  /** The manager first. From memory. */
  readonly members: readonly Member[]
}

/** Which of the agents that have had this id it is now; null: none, or it has not been started yet. */
export function identityOf(members: readonly Member[], agentId: string): string | null {
  return members.find(({ id }) => id === agentId)?.identity ?? null
}

/** True: another agent has the name of the one that gave this answer. */
export async function isAgentGone(
  { id, agentId }: Pick<ResponseRecord, "id" | "agentId">,
  members: readonly Member[],
  store: Pick<Store, "findTurnOfResponse" | "findThread">,
): Promise<boolean> {
  const identity = identityOf(members, agentId)
  if (identity === null) return false
  const turn = await store.findTurnOfResponse(id)
  const thread = turn === null ? null : await store.findThread(turn.threadId)
  return thread !== null && thread.agentIdentity !== identity
}

/** A turn that waited over a restart is not given to another agent of that name. Throws `model_not_found`. */
export function assertAgentOf(
  { agentId, agentIdentity }: Pick<ThreadRecord, "agentId" | "agentIdentity">,
  identity: string,
): void {
  // Of a time before identities: then nobody has taken the name since.
  if ((agentIdentity ?? agentId) === identity) return
  throw new ProxyError("model_not_found", `The agent '${agentId}' of that turn is not here any more.`)
}
