import { messageOf } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import type { Store } from "../../domain/store.ts"
import type { Agent, AgentRoster } from "../agents/agent.ts"
import { type AgeClock, dayMs } from "../log/age-clock.ts"
import { idempotencyMs } from "../request/idempotency.ts"
import type { InputSources } from "../request/input-resolver.ts"

const threadsPerStep = 100

export interface RetentionOptions {
  readonly store: Store
  readonly roster: AgentRoster
  readonly inputs: Pick<InputSources, "inbox">
  /** 0: everything is kept. */
  readonly limits: { readonly retentionDays: number }
  readonly clock: { readonly ages: AgeClock }
  readonly log: Log
}

/** One sweep takes no more: a mistake takes only a part, and there is time to notice. */
function shareOf(count: number): number {
  return Math.ceil(count / 10) + 10
}

/**
 * Deletes what is too old, in bounded portions: threads that nobody used with their turns and
 * responses, in the CLI as well, what agents said by themselves, and files in their inboxes. Never
 * rejects: it runs by the clock.
 */
export async function sweep(options: RetentionOptions): Promise<void> {
  const { clock, log } = options
  // The clock goes on also where something cannot be deleted.
  for (const step of [() => deleteOld(options), () => clock.ages.swept()]) {
    await step().catch((error: unknown) => {
      log("info", "deleting what is old failed", { error: messageOf(error) })
    })
  }
}

async function deleteOld(options: RetentionOptions): Promise<void> {
  const { store, roster, inputs, limits, clock } = options
  const { ages } = clock
  await store.deleteIdempotentBefore(ages.now() - idempotencyMs)
  if (limits.retentionDays === 0) return
  const retentionMs = limits.retentionDays * dayMs
  const agents = roster.members.flatMap(({ agent }) => agent ?? [])
  await deleteThreads(options, agents, ages.now() - retentionMs)
  const time = ages.believedWall() - retentionMs
  await store.replies.deleteBefore(time)
  for (const { workspace } of roster.members) await inputs.inbox.deleteUnused(workspace, time)
}

async function deleteThreads(
  { store, log }: Pick<RetentionOptions, "store" | "log">,
  agents: readonly Agent[],
  time: number,
): Promise<void> {
  // What the ledger has forgotten nobody would ever delete in the CLI: it waits until all of them
  // can be asked.
  if (!agents.every((agent) => agent.isReady)) return
  for (let left = shareOf(await store.countThreads()); left > 0; left -= threadsPerStep) {
    const limit = Math.min(left, threadsPerStep)
    const threads = await store.deleteThreadsUsedBefore(time, limit)
    for (const thread of threads) {
      const agent = agents.find(({ profile }) => profile.id === thread.agentId)
      if (agent === undefined || thread.nativeRef === null || agent.backend.kind !== thread.backend) continue
      // It was deleted when its turn ended.
      if (thread.isEphemeral) continue
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
    if (threads.length < limit) return
  }
}
