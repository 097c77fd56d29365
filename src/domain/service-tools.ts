import type { AgentProfile } from "./agents.ts"
import type { FunctionTool } from "./items.ts"

/** Server under which the calls of the service's own tools are told. */
export const teamServer = "team"

/** The turn that calls a tool of the service: who asks, for whom, and in which conversation. */
export interface CallingTurn {
  readonly principal: string
  readonly agent: AgentProfile
  readonly responseId: string
  /** Names the conversation among those of its principal and agent, in each of its turns. */
  readonly conversation: string
  /** False: nothing is to be left of this turn, nor of what it causes. */
  readonly keepsThread: boolean
  /** The agents that wait for this turn, the first to ask first. Empty: a client asked. */
  readonly askedBy: readonly string[]
  /** Aborted when the turn is interrupted; not when it comes to its end. */
  readonly interrupted: AbortSignal
}

export interface ServiceToolCall {
  /** Name of the tool, as `toolsFor` gave it. */
  readonly name: string
  /** JSON text, as the model wrote it. */
  readonly arguments: string
  readonly turn: CallingTurn
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal
}

export interface ServiceToolResult {
  /** What the model reads. */
  readonly text: string
  /** What clients see of it, where that is more than the model needs. */
  readonly shown?: string
  readonly isError?: true
}

/**
 * Tools that the service itself gives to its agents. They reach the CLI as the client's functions
 * do, but a call is answered here, within the turn. Called by the engine.
 */
export interface ServiceTools {
  /** Whose tools these are, as clients see it: the item's `server`. */
  readonly label: string
  /** Always in the same order; for a new thread: older ones keep what they were given. */
  toolsFor(agent: AgentProfile): readonly FunctionTool[]
  /** Never rejects: what went wrong is said to the model. */
  run(call: ServiceToolCall): Promise<ServiceToolResult>
}
