import type { Store } from "../domain/store.ts"
import type { Agent } from "./agent.ts"

const threadsPerSweepStep = 100
const maxSteps = 100

/** Deletes threads that nobody used since `time`, with their turns and responses, in the CLI as well. */
export async function deleteExpired(store: Store, agents: readonly Agent[], time: number): Promise<void> {
  for (let step = 0; step < maxSteps; step += 1) {
    const threads = await store.deleteThreadsUsedBefore(time, threadsPerSweepStep)
    for (const thread of threads) {
      const agent = agents.find(({ profile }) => profile.id === thread.agentId)
      if (agent === undefined || thread.nativeRef === null || agent.backend.kind !== thread.backend) continue
      agent.forget(thread.id)
      await agent.backend.deleteThread(thread.nativeRef)
    }
    if (threads.length < threadsPerSweepStep) return
  }
}
