import { nameDistance, nearestName } from "../../config/nearest-name.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { Store, ThreadRecord } from "../../domain/store.ts"
import type { Member } from "./agent.ts"

/**
 * The agent that a request's `model` means: manager-first, or a 404. `members`: the manager first.
 * Names of models go to the manager, an agent's that is misspelt does not: its work would be done
 * by somebody else.
 */
export function agentFor(
  members: readonly Member[],
  model: string,
  unknownModel: "manager" | "error",
): Member {
  const named = agentNamed(members, model)
  if (named !== null) return named
  const manager = members[0]
  const isMisspelt = members.some(({ id, name }) => isMeant(model, id) || isMeant(model, name))
  if (manager !== undefined && unknownModel === "manager" && !isMisspelt) return manager
  throw noAgent(members, model, "model_not_found", "model")
}

/** For a name that no agent has: who may be meant, who there is. `param`: the request's field. */
export function noAgent(
  members: readonly Pick<Member, "id" | "name">[],
  word: string,
  code: "model_not_found" | "agent_not_found",
  param: string,
): ProxyError {
  const namesakes = members.filter(({ name }) => name === word).map(({ id }) => id)
  if (namesakes.length > 1) {
    return new ProxyError(
      code,
      `Several agents are called '${word}': ${namesakes.join(", ")}. Name one of them by its id.`,
      {
        param,
      },
    )
  }
  const meant = nearestName(
    word,
    members.flatMap(({ id, name }) => [id, name]),
  )
  const guess = meant === null ? "" : ` Did you mean '${meant}'?`
  const ids = members.slice(0, maxListed).map(({ id }) => id)
  const rest = members.length > ids.length ? ` and ${members.length - ids.length} more` : ""
  return new ProxyError(
    code,
    `There is no agent '${word.slice(0, 100)}'.${guess} There ${ids.length === 1 ? "is" : "are"} ${ids.join(", ")}${rest}.`,
    { param },
  )
}

const maxListed = 20

/** True: most likely that name was meant. Names of models (`gpt-4o`, `gemma`) are to pass. */
function isMeant(model: string, name: string): boolean {
  if (name === "manager") return false
  const distance = nameDistance(model, name)
  const digits = /\D/g
  if (model.replaceAll(digits, "") !== name.replaceAll(digits, "")) return false
  // An id is long, and nothing else looks like it.
  if (name.includes("_")) return distance <= 2
  return name.length >= 4 && distance <= 1 && model[0]?.toLowerCase() === name[0]
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

/** Which of the agents that had this id it is now; null: none, or it was not started yet. */
export function identityOf(members: readonly Member[], agentId: string): string | null {
  return members.find(({ id }) => id === agentId)?.identity ?? null
}

/** True: another agent has the name of the one that gave this answer. */
export async function isAgentGone(
  { id, agentId }: Pick<ResponseRecord, "id" | "agentId">,
  members: readonly Member[],
  store: Pick<Store, "findTurnOfResponse" | "findThread">,
): Promise<boolean> {
  const identity = identityOf(members, agentId)
  if (identity === null) return false
  const turn = await store.findTurnOfResponse(id)
  const thread = turn === null ? null : await store.findThread(turn.threadId)
  return thread !== null && thread.agentIdentity !== identity
}

/** A turn that waited over a restart goes to no other agent of the name: `model_not_found`. */
export function assertAgentOf(
  { agentId, agentIdentity }: Pick<ThreadRecord, "agentId" | "agentIdentity">,
  identity: string,
): void {
  // Of a time before identities: then nobody has taken the name since.
  if ((agentIdentity ?? agentId) === identity) return
  throw new ProxyError("model_not_found", `The agent '${agentId}' of that turn is not here any more.`)
}
