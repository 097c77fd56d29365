import { basename } from "node:path"
import type { Config } from "../../config/config.ts"
import { type AgentStatus, fullReason } from "../../domain/agents.ts"
import type { KeptReply } from "../../domain/replies.ts"
import type { ServicePhase } from "../server/route-parts.ts"

/** What the status page shows. Plain data, so that the page is a function of it. */
export interface ServiceStatus {
  readonly state: "ready" | "starting" | "stopping" | "not_ready"
  readonly version: string
  readonly uptimeMs: number
  /** Why nothing can be stored now, and what its owner does; null: it can. */
  readonly storageProblem: string | null
  readonly agents: readonly AgentSummary[]
  /**
   * What agents said when nobody was waiting, the newest first. Texts are null where a key is
   * needed: strangers see the page without it.
   */
  readonly messages: readonly (Pick<KeptReply, "agentId" | "createdAt"> & { readonly text: string | null })[]
  /** `http://host:port`, as the reader has reached it, unless by a proxy that is not believed. */
  readonly address: string
  readonly isKeyNeeded: boolean
  /** Null where a key is needed. */
  readonly folders: Pick<Config, "home" | "workingDirectory"> | null
}

type ShownAsItIs = "id" | "name" | "role" | "pid" | "runningTurns" | "queuedTurns"

export interface AgentSummary extends Pick<AgentStatus, ShownAsItIs> {
  /** Its CLI; with what that tells of itself only where no key is needed. */
  readonly program: string
  readonly isReady: boolean
  readonly isStopped: boolean
  readonly problem: { readonly reason: string; readonly nextStep: string } | null
}

type KnownStatus = Pick<ServiceStatus, "storageProblem" | "version" | "uptimeMs" | "address">

interface StatusInput extends KnownStatus {
  readonly agents: readonly AgentStatus[]
  readonly outbox: readonly KeptReply[]
  readonly config: Pick<Config, "apiKeys" | "home" | "workingDirectory">
  readonly phase: ServicePhase
  /** Whoever asks has shown a key, or none is needed. */
  readonly isForKeyHolder: boolean
}

export function summarize(input: StatusInput): ServiceStatus {
  const { agents, outbox, config, phase, isForKeyHolder, ...known } = input
  const canWork = isManagerReady(agents) && known.storageProblem === null
  const isKeyNeeded = config.apiKeys.size > 0
  return {
    ...known,
    state: phase === "running" ? (canWork ? "ready" : "not_ready") : phase,
    agents: agents.map((agent) => ({
      ...summarizeAgent(agent, !isKeyNeeded),
      pid: isForKeyHolder ? agent.pid : null,
    })),
    messages: outbox.map(({ agentId, text, createdAt }) => ({
      agentId,
      text: isKeyNeeded ? null : text,
      createdAt,
    })),
    isKeyNeeded,
    folders: isKeyNeeded ? null : config,
  }
}

/** The manager comes first and gets what is for nobody else: without it nothing is ready. */
export function isManagerReady(agents: readonly AgentStatus[]): boolean {
  return agents[0]?.readiness.isReady === true
}

/**
 * Strangers see the page where the API needs a key. They are shown names and words of ours, never
 * what a program printed, a model server said or a file holds: that is in fields of its own, which
 * are left out for them.
 */
function summarizeAgent(agent: AgentStatus, isForOwner: boolean): Omit<AgentSummary, "pid"> {
  const { id, name, role, program, runningTurns, queuedTurns } = agent
  return {
    id,
    name,
    role,
    program: isForOwner ? (agent.capabilities?.program ?? program) : basename(program),
    isReady: agent.readiness.isReady,
    isStopped: agent.state === "stopped",
    problem: problemOf(agent, isForOwner),
    runningTurns,
    queuedTurns,
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
