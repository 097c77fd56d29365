import { messageOf } from "../../domain/errors.ts"
import type { Log } from "../../domain/log.ts"
import type { Agent } from "../agents/agent.ts"
import type { Plan } from "../plan/plan.ts"

/** The native thread is not in use any more: it may be closed, or, if nothing is to be left of it, deleted. */
export function endThread(agent: Agent, plan: Plan, log: Log): void {
  if (!plan.thread.isEphemeral) {
    agent.release(plan.thread.id)
    return
  }
  const ref = agent.forget(plan.thread.id)
  if (ref === null) return
  agent.backend.deleteThread(ref).catch((error: unknown) => {
    log("info", "deleting a thread failed", { error: messageOf(error) })
  })
}
