import { ProxyError } from "../../domain/errors.ts"
import { UsageError } from "../io/exit-codes.ts"
import type { AgentView } from "./agent-view.ts"

type Named = Pick<AgentView, "id" | "role" | "name">

/**
 * The agents that a word on the command line means: an id, a bare name, or a role. Several of one role are meant only with
 * `all`. Throws `UsageError`, or `ProxyError` where there is none.
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
