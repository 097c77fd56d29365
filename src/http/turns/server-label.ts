import type { ResponseRecord } from "../../domain/responses.ts"
import { teamServer } from "../../domain/service-tools.ts"
import type { Engine } from "../../engine/engine.ts"

/** Name under which tools appear that do not say whose they are: the kind of the agent's backend, or its id once it is gone. */
export function serverLabelOf(engine: Engine, { agentId }: ResponseRecord): string {
  return engine.findAgent(agentId)?.backend ?? agentId
}

/** True: a request declares a server that its agent does not have, as far as is known: those of a person's own are not. */
export function declaresOthers(labels: readonly string[], backend: string | null): boolean {
  return labels.some((label) => label !== backend && label !== teamServer)
}
