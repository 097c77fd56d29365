import type { ThreadRef } from "../../domain/backend.ts"
import { messageOf, ProxyError } from "../../domain/errors.ts"
import { type OpenedThread, openNativeThread, type ThreadWish } from "../thread/native-thread.ts"
import type { TurnStop } from "./outcome.ts"
import type { TurnContext } from "./turn-context.ts"

/** Where what becomes of the thread is written down. */
interface ThreadJournal {
  addNativeThread(ref: ThreadRef, history: OpenedThread["opened"]): void
  /** Resolves once it is stored. */
  forgetNote(): Promise<unknown>
}

/** Not in use any more: it may be closed, or deleted if nothing is to be left of it. */
export function endThread(context: TurnContext): void {
  const { agent, plan } = context
  if (!plan.thread.isEphemeral) {
    agent.release(plan.thread.id)
    return
  }
  const ref = agent.forget(plan.thread.id)
  if (ref === null) return
  logged(context, "deleting a thread failed", agent.backend.deleteThread(ref))
}

/**
 * Opens the thread of a run and occupies it. Null: the run was stopped meanwhile; a CLI that does
 * not answer is not waited for, and what it opens too late is given back.
 */
export async function openThread(
  context: TurnContext,
  wish: Pick<ThreadWish, "tools" | "outputs" | "isLost">,
  { journal, stop }: { readonly journal: ThreadJournal; readonly stop: TurnStop },
): Promise<OpenedThread | null> {
  const { agent, asked, plan, rules, shared } = context
  // From before it is opened: an edit in between is seen by the next turn.
  const stamp = agent.instructionsStamp()
  const open = async () => {
    await agent.renewEdited(plan.thread.id, stamp)
    const { store, log } = shared
    return openNativeThread({ ...wish, agent, plan, store, log, sideRequest: asked.sideRequest })
  }
  const opening = open().catch((error: unknown) => {
    // No turn was begun, so a CLI that died just now may be asked once more: it is started again.
    if (error instanceof ProxyError && error.code === "backend_died" && stop.cause === null) return open()
    throw rules.gate.placed(error)
  })
  const opened = await Promise.race([opening, stop.whenAsked.then(() => null)])
  if (opened === null) {
    // Nobody wants the thread any more that is still being opened.
    const closing = opening.then(({ ref, isNew }) =>
      isNew ? agent.backend.deleteThread(ref) : agent.backend.closeThread(ref),
    )
    logged(context, "a thread that was no longer wanted did not open", closing)
    return null
  }
  agent.occupy(plan.thread.id, opened.ref, stamp)
  if (opened.isNew) journal.addNativeThread(opened.ref, opened.opened)
  if (opened.change.text !== null) await journal.forgetNote()
  // What the new thread was told is all that is needed of the one before.
  if (opened.replaced !== null) {
    const deleting = agent.backend.deleteThread(opened.replaced)
    logged(context, "a thread that was replaced is not deleted", deleting)
  }
  return opened
}

/** Nobody waits for it: where it fails, the log says so. */
function logged({ shared }: TurnContext, failure: string, work: Promise<unknown>): void {
  work.catch((error: unknown) => shared.log("info", failure, { error: messageOf(error) }))
}
