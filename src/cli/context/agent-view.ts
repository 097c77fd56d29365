import { join } from "node:path"
import { z } from "zod"
import { fullReason } from "../../domain/agents.ts"
import { ProxyError } from "../../domain/errors.ts"
import { printedText } from "../../domain/printed-text.ts"
import { UsageError } from "../io/exit-codes.ts"

/** Words that may be a program's: an older service has not taken out what a terminal would obey. */
const printed = z.string().transform(printedText)

const notReadySchema = z.object({
  isReady: z.literal(false),
  reason: printed,
  nextStep: z.string(),
  /** Missing: the service is older than this command. */
  detail: printed.nullable().default(null),
})

const limitationSchema = z.object({ reason: printed, nextStep: z.string(), detail: printed.nullable() })

/** What commands know of an agent, from the service or, while that is down, from its folder. */
export const agentViewSchema = z.object({
  id: z.string(),
  role: z.string(),
  name: z.string(),
  /** `down`: it would run, but the service does not. */
  state: z.enum(["running", "stopped", "down"]),
  backend: z.string(),
  program: printed,
  readiness: z.union([z.object({ isReady: z.literal(true) }), notReadySchema]),
  capabilities: z
    .object({ program: printed, version: printed.nullable(), limitation: limitationSchema.optional() })
    .nullable(),
  pid: z.number().nullable(),
  lastExit: z.object({ reason: printed, at: z.number() }).nullable(),
  restarts: z.number(),
  /** Missing: the service is older than this command. */
  loginProblem: z.object({ message: printed, at: z.number() }).nullable().default(null),
  controlProblem: printed.nullable(),
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
  const { limitation } = agent.capabilities ?? {}
  return {
    id: agent.id,
    role: agent.role,
    name: agent.name,
    state: stateOf(agent).replace(" ", "_"),
    problem: readiness.isReady ? null : { reason: fullReason(readiness), next_step: readiness.nextStep },
    backend: agent.backend,
    program: programOf(agent),
    limitation:
      limitation === undefined ? null : { reason: fullReason(limitation), next_step: limitation.nextStep },
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

type Named = Pick<AgentView, "id" | "role" | "name">

/**
 * The agents that a word on the command line means: an id, a bare name, or a role. Several of one
 * role are meant only with `all`. Throws `UsageError`, or `ProxyError` where there is none.
 */
export function chooseAgents<T extends Named>(
  agents: readonly T[],
  word: string,
  all: boolean,
): readonly T[] {
  const byId = agents.filter(({ id }) => id === word)
  const ofRole = agents.filter(({ role }) => role === word)
  if (byId.length > 0 && !(all && ofRole.length > 1)) return byId
  const found = ofRole.length > 0 ? ofRole : agents.filter(({ name }) => name === word)
  if (found.length === 0) throw noAgent(agents, word)
  if (found.length === 1 || all) return found
  const ids = found.map(({ id }) => id).join(", ")
  throw new UsageError(`Several agents are meant by '${word}': ${ids}. Give an id, or --all for all of them.`)
}

/** The one agent that is meant. Throws as `chooseAgents` does. */
export function chooseAgent<T extends Named>(agents: readonly T[], word: string): T {
  const [agent] = chooseAgents(agents, word, false)
  if (agent === undefined) throw noAgent(agents, word)
  return agent
}

function noAgent(agents: readonly Named[], word: string): ProxyError {
  const there =
    agents.length === 0 ? "There are none yet" : `There are ${agents.map(({ id }) => id).join(", ")}`
  const makes = word === "manager" ? "init` makes it" : "hire engineer alice` makes one"
  return new ProxyError(
    "agent_not_found",
    `There is no agent '${word.slice(0, 100)}'. ${there}; \`ai-agent-proxy ${makes}.`,
  )
}
