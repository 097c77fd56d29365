import { basename } from "node:path"
import type { Config } from "../../config/config.ts"
import { type AgentStatus, fullReason } from "../../domain/agents.ts"
import type { KeptReply } from "../../domain/replies.ts"
import type { ServicePhase } from "../server/http-env.ts"

/** What the status page shows. Plain data, so that the page is a function of it. */
export interface ServiceStatus {
  readonly state: "ready" | "starting" | "stopping" | "not_ready"
  readonly version: string
  readonly uptimeMs: number
  /** Why nothing can be stored now, and what its owner does; null: it can. */
  readonly storageProblem: string | null
  readonly agents: readonly AgentSummary[]
  /**
   * What agents said when nobody was waiting, the newest first; texts are left out where a key is
   * needed.
   */
  readonly messages: readonly OutboxMessage[]
  readonly runningTurns: number
  readonly queuedTurns: number
  /**
   * `http://host:port`, as the reader of the page reaches it where no proxy is between that is not
   * believed.
   */
  readonly address: string
  readonly isKeyNeeded: boolean
  /** Null where a key is needed: strangers see the page without it. */
  readonly folders: { readonly home: string; readonly workingDirectory: string } | null
}

export interface OutboxMessage {
  readonly agentId: string
  /** Null: strangers see the page without it. */
  readonly text: string | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

export interface AgentSummary {
  readonly id: string
  readonly name: string
  readonly role: string
  /** Its CLI; with what that tells of itself only where no key is needed. */
  readonly program: string
  /** Of its warm process; null also for those who have shown no key. */
  readonly pid: number | null
  readonly isReady: boolean
  readonly isStopped: boolean
  readonly problem: { readonly reason: string; readonly nextStep: string } | null
  readonly runningTurns: number
  readonly queuedTurns: number
}

export interface StatusInput {
  readonly agents: readonly AgentStatus[]
  readonly outbox: readonly KeptReply[]
  readonly config: Config
  readonly state: Pick<ServiceStatus, "storageProblem" | "version" | "uptimeMs"> & {
    readonly phase: ServicePhase
  }
  /** See `reachedAddress`. */
  readonly address: string
  /** Whoever asks has shown a key, or none is needed. */
  readonly isForKeyHolder: boolean
}

export function summarize(input: StatusInput): ServiceStatus {
  const { agents, outbox, config, state } = input
  const { phase, storageProblem, version, uptimeMs } = state
  const canWork = isManagerReady(agents) && storageProblem === null
  const isKeyNeeded = config.apiKeys.size > 0
  return {
    state: phase === "running" ? (canWork ? "ready" : "not_ready") : phase,
    storageProblem,
    version,
    uptimeMs,
    agents: agents.map((agent) => ({
      ...summarizeAgent(agent, !isKeyNeeded),
      pid: input.isForKeyHolder ? agent.pid : null,
    })),
    messages: outbox.map(({ agentId, text, createdAt }) => ({
      agentId,
      text: isKeyNeeded ? null : text,
      createdAt,
    })),
    runningTurns: sum(agents.map((agent) => agent.runningTurns)),
    queuedTurns: sum(agents.map((agent) => agent.queuedTurns)),
    address: input.address,
    isKeyNeeded,
    folders: isKeyNeeded ? null : { home: config.home, workingDirectory: config.workingDirectory },
  }
}

/**
 * The manager comes first and receives whatever is addressed to nobody else: without it the service
 * is not ready.
 */
export function isManagerReady(agents: readonly AgentStatus[]): boolean {
  return agents[0]?.readiness.isReady === true
}

/**
 * Strangers see the page where the API needs a key. They are shown names and words of ours, never
 * what a program printed, a model server said or a file holds: that is in fields of its own, which
 * are left out for them.
 */
function summarizeAgent(agent: AgentStatus, isForOwner: boolean): Omit<AgentSummary, "pid"> {
  const { readiness } = agent
  return {
    id: agent.id,
    name: agent.name,
    role: agent.role,
    program: isForOwner ? (agent.capabilities?.program ?? agent.program) : basename(agent.program),
    isReady: readiness.isReady,
    isStopped: agent.state === "stopped",
    problem: problemOf(agent, isForOwner),
    runningTurns: agent.runningTurns,
    queuedTurns: agent.queuedTurns,
  }
}

function problemOf(
  { readiness, capabilities, controlProblem, loginProblem }: AgentStatus,
  isForOwner: boolean,
): AgentSummary["problem"] {
  const told = (reason: string, detail: string | null): string =>
    fullReason({ reason, detail: isForOwner ? detail : null })
  if (!readiness.isReady)
    return { reason: told(readiness.reason, readiness.detail), nextStep: readiness.nextStep }
  if (loginProblem !== null) {
    const nextStep = "Log in again in a terminal as this user; the next turn shows whether it is good."
    return { reason: told("The log-in was refused", loginProblem.message), nextStep }
  }
  if (controlProblem !== null) {
    const nextStep = "Correct the file; until then the last good state is in force."
    return { reason: told("Its control file (control/agent.json) cannot be used", controlProblem), nextStep }
  }
  const { limitation } = capabilities ?? {}
  if (limitation === undefined) return null
  return { reason: told(limitation.reason, limitation.detail), nextStep: limitation.nextStep }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
