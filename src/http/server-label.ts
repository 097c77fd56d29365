import type { ResponseRecord } from "../domain/responses.ts"
import type { Engine } from "../engine/engine.ts"

/** Name under which the agent's own tools appear: the kind of its backend, or the agent's id once it is gone. */
export function serverLabelOf(engine: Engine, { agentId }: ResponseRecord): string {
  return engine.findAgent(agentId)?.backend ?? agentId
}
