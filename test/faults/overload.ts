import { countFlood } from "./overload/flood.ts"
import { countIdleConnections } from "./overload/idle-connections.ts"
import { countNeighbours } from "./overload/neighbours.ts"
import type { PartContext, PartResult } from "./part.ts"

/** More than the service takes: everybody is answered, and nobody's requests are in the way of somebody else's. */
export async function overload(context: PartContext): Promise<PartResult> {
  const results: PartResult[] = []
  for (const count of [countFlood, countNeighbours, countIdleConnections]) results.push(await count(context))
  return {
    done: results.map(({ done }) => done).join("; "),
    counts: results.flatMap(({ counts }) => counts),
    faults: results.flatMap(({ faults }) => faults),
  }
}
