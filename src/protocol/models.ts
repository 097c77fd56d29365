import type { AgentStatus } from "../domain/agents.ts"
import { seconds } from "./responses/resource.ts"
import type { WireObject } from "./wire-items.ts"

/** An agent as a model, which is how clients address it. `owned_by` tells the kind of its CLI. */
export function toModel(agent: AgentStatus): WireObject {
  return { id: agent.id, object: "model", created: seconds(agent.createdAt), owned_by: agent.backend }
}

export function toModelList(agents: readonly AgentStatus[]): WireObject {
  return { object: "list", data: agents.map(toModel) }
}
