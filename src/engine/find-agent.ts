import { ProxyError } from "../domain/errors.ts"
import type { Agent } from "./agent.ts"

/** The agent that a request's `model` means: manager-first, or a 404. `agents`: the manager first. */
export function agentFor(agents: readonly Agent[], model: string, unknownModel: "manager" | "error"): Agent {
  const named = agentNamed(agents, model)
  if (named !== null) return named
  const manager = agents[0]
  if (manager !== undefined && unknownModel === "manager") return manager
  throw new ProxyError(
    "model_not_found",
    `The model '${model.slice(0, 100)}' is not an agent of this service. GET /v1/models lists them.`,
    { param: "model" },
  )
}

/** By id, or by a bare name that only one agent has. */
export function agentNamed(agents: readonly Agent[], model: string): Agent | null {
  const byId = agents.find((agent) => agent.profile.id === model)
  if (byId !== undefined) return byId
  const byName = agents.filter((agent) => agent.profile.name === model)
  return byName.length === 1 ? (byName[0] ?? null) : null
}
