import { ProxyError } from "../domain/errors.ts"

/** Who asks: its id, and those that wait for its turn, the first one to ask first. */
export interface Asker {
  readonly agentId: string
  readonly askedBy: readonly string[]
}

/**
 * Throws `agent_waits`, in words for the asking agent, when it may not ask `agentId`: nobody asks itself, nor somebody who waits
 * for the answer, and at most `depth` wait for each other in a row.
 */
export function assertMayAsk({ agentId: asker, askedBy }: Asker, agentId: string, depth: number): void {
  if (agentId === asker) {
    throw refused(`You are ${agentId}: an agent cannot ask itself. Do it in this turn.`)
  }
  if (askedBy.includes(agentId)) {
    throw refused(
      `${agentId} waits for this answer itself (${[...askedBy, asker].join(" asks ")}), so asking it would be a ` +
        "cycle. Answer with what you have, and say what you would need.",
    )
  }
  if (askedBy.length >= depth) {
    throw refused(
      `${askedBy.length + 1} agents ask each other in a row already, and ${depth} may. Do it yourself, or answer ` +
        "with what you have.",
    )
  }
}

function refused(message: string): ProxyError {
  return new ProxyError("agent_waits", message)
}
