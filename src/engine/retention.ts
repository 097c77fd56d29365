import { messageOf } from "../domain/errors.ts"
import type { Log } from "../domain/log.ts"
import type { Store } from "../domain/store.ts"
import type { Agent } from "./agent.ts"

const threadsPerSweepStep = 100
const maxSteps = 100

/** Deletes threads that nobody used since `time`, with their turns and responses, in the CLI as well. */
export async function deleteExpired(
  store: Store,
  agents: readonly Agent[],
  time: number,
  log: Log,
): Promise<void> {
  // What the ledger has forgotten nobody would ever delete in the CLI: it waits until all of them can be asked.
  if (!agents.every((agent) => agent.isReady)) return
  for (let step = 0; step < maxSteps; step += 1) {
    const threads = await store.deleteThreadsUsedBefore(time, threadsPerSweepStep)
    for (const thread of threads) {
      const agent = agents.find(({ profile }) => profile.id === thread.agentId)
      if (agent === undefined || thread.nativeRef === null || agent.backend.kind !== thread.backend) continue
      agent.forget(thread.id)
      try {
        await agent.backend.deleteThread(thread.nativeRef)
      } catch (error) {
        log("warn", "a deleted thread is still in the CLI", {
          thread: thread.nativeRef,
          error: messageOf(error),
        })
      }
    }
    if (threads.length < threadsPerSweepStep) return
  }
}
