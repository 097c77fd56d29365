import { join } from "node:path"
import { z } from "zod"
import { fullReason } from "../domain/backend.ts"

const notReadySchema = z.object({
  isReady: z.literal(false),
  reason: z.string(),
  nextStep: z.string(),
  /** Missing: the service is older than this command. */
  detail: z.string().nullable().default(null),
})

/** What commands know of an agent, from the service or, while that is down, from its folder. */
export const agentViewSchema = z.object({
  id: z.string(),
  role: z.string(),
  name: z.string(),
  /** `down`: it would run, but the service does not. */
  state: z.enum(["running", "stopped", "down"]),
  backend: z.string(),
  program: z.string(),
  readiness: z.union([z.object({ isReady: z.literal(true) }), notReadySchema]),
  capabilities: z.object({ program: z.string(), version: z.string().nullable() }).nullable(),
  pid: z.number().nullable(),
  lastExit: z.object({ reason: z.string(), at: z.number() }).nullable(),
  restarts: z.number(),
  /** Missing: the service is older than this command. */
  loginProblem: z.object({ message: z.string(), at: z.number() }).nullable().default(null),
  controlProblem: z.string().nullable(),
  loadedThreads: z.number(),
  runningTurns: z.number(),
  queuedTurns: z.number(),
  lastActiveAt: z.number().nullable(),
})

export type AgentView = z.infer<typeof agentViewSchema>

/** `ready`, `not ready`, `stopped` or `down`. */
export function stateOf({ state, readiness }: AgentView): string {
  if (state !== "running") return state
  return readiness.isReady ? "ready" : "not ready"
}

/** Name and version of its CLI, as far as they are known. */
export function programOf({ program, capabilities }: AgentView): string {
  return capabilities?.program ?? program
}

/** The stable form of `--json`. */
export function agentJson(agent: AgentView, home: string): object {
  const { readiness, lastExit, loginProblem } = agent
  return {
    id: agent.id,
    role: agent.role,
    name: agent.name,
    state: stateOf(agent).replace(" ", "_"),
    problem: readiness.isReady ? null : { reason: fullReason(readiness), next_step: readiness.nextStep },
    backend: agent.backend,
    program: programOf(agent),
    pid: agent.pid,
    restarts: agent.restarts,
    last_exit: lastExit === null ? null : { reason: lastExit.reason, at: isoTime(lastExit.at) },
    login_problem:
      loginProblem === null ? null : { message: loginProblem.message, at: isoTime(loginProblem.at) },
    control_problem: agent.controlProblem,
    loaded_threads: agent.loadedThreads,
    running_turns: agent.runningTurns,
    queued_turns: agent.queuedTurns,
    last_active_at: agent.lastActiveAt === null ? null : isoTime(agent.lastActiveAt),
    workspace: join(home, agent.id),
  }
}

function isoTime(time: number): string {
  return new Date(time).toISOString()
}
