import type { Capabilities, Readiness } from "./backend.ts"

/** How far an agent may go by itself: all that its user may do; writing in its folders only; reading only. */
export type Permissions = "full" | "workspace" | "read-only"

/** A named worker, as its workspace describes it. */
export interface AgentProfile {
  /** `manager`, or `role_name`: the folder's name and the wire's `model`. */
  readonly id: string
  readonly role: string
  readonly name: string
  /** Absolute path of the agent's own folder; its CLI runs there. */
  readonly workspace: string
  /** Absolute path of the folder that its tasks are about. */
  readonly workingDirectory: string
}

/** What can be told of an agent to anybody who may see the status page: no prompts, no secrets. */
export interface AgentStatus {
  readonly id: string
  readonly role: string
  readonly name: string
  /** Kind of its backend. */
  readonly backend: string
  /** What is spawned, e.g. `codex`; `built in` for the demo. */
  readonly program: string
  readonly readiness: Readiness
  readonly capabilities: Capabilities | null
  readonly runningTurns: number
  readonly queuedTurns: number
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly lastActiveAt: number | null
}
