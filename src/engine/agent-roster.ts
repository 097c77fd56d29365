import type { AgentStatus } from "../domain/agents.ts"
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
