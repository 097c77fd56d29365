import type { ThreadRef } from "../../domain/backend.ts"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import type { FunctionCallOutputItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { Agent } from "../agents/agent.ts"
import type { Plan } from "../plan/plan.ts"
import { openNativeThread } from "../thread/native-thread.ts"
import type { NativeRunOptions } from "./native-run.ts"

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

type OpenedThread = Awaited<ReturnType<typeof openNativeThread>>

/**
 * Opens the thread of a run and occupies it. Null: the run was stopped meanwhile; a CLI that does not answer is not waited
 * for, and what it opens too late is given back.
 */
export async function openThread(
  options: NativeRunOptions,
  outputs: readonly FunctionCallOutputItem[],
  isLost: boolean,
): Promise<OpenedThread | null> {
  const { agent, gate, plan, stopCause, whenStopped } = options
  // From before it is opened: an edit in between is seen by the next turn.
  const stamp = agent.instructionsStamp()
  const open = async () => {
    await agent.renewEdited(plan.thread.id, stamp)
    return openNativeThread({ ...options, outputs, isLost })
  }
  const opening = open().catch((error: unknown) => {
    // No turn was begun, so a CLI that died just now may be asked once more: it is started again.
    if (error instanceof ProxyError && error.code === "backend_died" && stopCause() === null) return open()
    throw gate.placed(error)
  })
  const opened = await Promise.race([opening, whenStopped.then(() => null)])
  if (opened === null) {
    discard(options, opening)
    return null
  }
  agent.occupy(plan.thread.id, opened.ref, stamp)
  if (opened.isNew) options.onNativeThread(opened.ref, opened.opened)
  if (opened.change.text !== null) await options.onTelling()
  if (opened.replaced !== null) discardReplaced(options, opened.replaced)
  return opened
}

/** What the new thread was told is all that is needed of the one before. */
function discardReplaced({ agent, log }: NativeRunOptions, ref: ThreadRef): void {
  agent.backend.deleteThread(ref).catch((error: unknown) => {
    log("info", "a thread that was replaced is not deleted", { error: messageOf(error) })
  })
}

/** Nobody wants the thread any more that is still being opened. */
function discard(
  { agent, log }: NativeRunOptions,
  opening: Promise<{ readonly ref: ThreadRef; readonly isNew: boolean }>,
): void {
  opening
    .then(({ ref, isNew }) => (isNew ? agent.backend.deleteThread(ref) : agent.backend.closeThread(ref)))
    .catch((error: unknown) => {
      log("info", "a thread that was no longer wanted did not open", { error: messageOf(error) })
    })
}
