import type { AgentSettings, AgentStatus } from "./agents.ts"

/** What a new agent shall be. */
export interface HireOrder {
  readonly role: string
  /** Null: the role alone is its id, as the manager's. */
  readonly name: string | null
  /** For a new one only: those of an agent that exists are its own. */
  readonly settings?: Partial<Omit<AgentSettings, "desiredState">>
  /** Id of the agent that hires: what it makes may do no more than it may itself. */
  readonly hiredBy?: string
  /** A new one works where the agent works that hires, else in a folder of its own. */
  readonly sharesFolder?: boolean
}

/** What may be done with this service's agents, by the command line and by those who hire. */
export interface Roster {
  /** All agents, stopped ones too, the manager first. From memory. */
  list(): readonly AgentStatus[]
  /**
   * Makes the agent's workspace, or takes the one that is there, and starts it; resolves once its
   * CLI has been asked how it is. Rejects with `invalid_request` for a role or name that cannot be.
   */
  hire(order: HireOrder): Promise<{ readonly agent: AgentStatus; readonly isNew: boolean }>
  /** Stops it and moves its workspace into the archive. Rejects with `agent_not_found`. */
  fire(id: string): Promise<{ readonly archive: string }>
  /** Lasts over restarts. Its turns end as `agent_stopped`. Rejects with `agent_not_found`. */
  stop(id: string): Promise<AgentStatus>
  /** Lasts over restarts. Rejects with `agent_not_found`. */
  start(id: string): Promise<AgentStatus>
}
