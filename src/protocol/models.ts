import type { AgentStatus, Capabilities } from "../domain/agents.ts"
import { seconds } from "./common/answer-parts.ts"
import type { WireObject } from "./common/shape.ts"

/**
 * An agent as a model, which is how clients address it. `owned_by` tells the kind of its CLI.
 * OpenAI's API has neither `ready`, with the `problem` where it is not, nor `capabilities`.
 */
export function toModel(agent: AgentStatus): WireObject {
  return {
    id: agent.id,
    object: "model",
    created: seconds(agent.createdAt),
    owned_by: agent.backend,
    ready: agent.readiness.isReady,
    problem: agent.readiness.isReady
      ? null
      : { reason: agent.readiness.reason, next_step: agent.readiness.nextStep },
    capabilities: agent.capabilities === null ? null : toWireCapabilities(agent.capabilities),
  }
}

export function toModelList(agents: readonly AgentStatus[]): WireObject {
  return { object: "list", data: agents.map(toModel) }
}

function toWireCapabilities(capabilities: Capabilities): WireObject {
  return {
    program: capabilities.program,
    version: capabilities.version,
    streams_deltas: capabilities.streamsDeltas,
    accepts_images: capabilities.acceptsImages,
    calls_functions: capabilities.hasFunctions,
    // The service validates answers for every agent; this says whether the CLI has the schema too.
    takes_json_schema: capabilities.hasOutputSchema,
    forks_threads: capabilities.hasFork,
    reasoning_efforts: capabilities.efforts,
  }
}
