import { ProxyError } from "../domain/errors.ts"
import type { Member } from "./agent-roster.ts"

/** The agent that a request's `model` means: manager-first, or a 404. `members`: the manager first. */
export function agentFor(
  members: readonly Member[],
  model: string,
  unknownModel: "manager" | "error",
): Member {
  const named = agentNamed(members, model)
  if (named !== null) return named
  const manager = members[0]
  if (manager !== undefined && unknownModel === "manager") return manager
  throw new ProxyError(
    "model_not_found",
    `The model '${model.slice(0, 100)}' is not an agent of this service. GET /v1/models lists them.`,
    { param: "model" },
  )
}

/** By id, or by a bare name that only one agent has. */
export function agentNamed<T extends Pick<Member, "id" | "name">>(
  members: readonly T[],
  model: string,
): T | null {
  const byId = members.find((member) => member.id === model)
  if (byId !== undefined) return byId
  const byName = members.filter((member) => member.name === model)
  return byName.length === 1 ? (byName[0] ?? null) : null
}
