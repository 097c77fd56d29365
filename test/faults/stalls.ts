import type { PartContext, PartResult } from "./part.ts"
import { countLiveStalls } from "./stalls/live-streams.ts"
import { countStoredStalls } from "./stalls/stored-answers.ts"

/** Readers that stop reading: what the service holds for them is bounded, and others are served. */
export async function stalls(context: PartContext): Promise<PartResult> {
  const stored = await countStoredStalls(context)
  const live = await countLiveStalls(context)
  return {
    done: `${stored.done}; ${live.done}`,
    counts: [...stored.counts, ...live.counts],
    faults: [...stored.faults, ...live.faults],
  }
}
