import { fullReason, type NotReady } from "../domain/backend.ts"
import { messageOf, ProxyError, ThreadLostError } from "../domain/errors.ts"
import type { TurnError } from "../domain/turn-events.ts"
import { RpcError, RpcLostError } from "./rpc-client.ts"

export interface StartErrorFields {
  /** See `NotReady`: whatever is not of our own words. */
  readonly detail?: string | null
  readonly cause?: unknown
}

/** Why the agent's program does not run now, in sentences for people; `reason`, `nextStep`, `detail` as in `NotReady`. */
export class StartError extends Error {
  readonly reason: string
  readonly nextStep: string
  readonly detail: string | null

  constructor(reason: string, nextStep: string, { detail = null, cause }: StartErrorFields = {}) {
    super(fullReason({ reason, detail }), { cause })
    this.name = "StartError"
    this.reason = reason
    this.nextStep = nextStep
    this.detail = detail
  }
}

/** What was thrown by others is in their words. */
export function notReady(error: unknown): NotReady {
  if (error instanceof StartError) {
    const { reason, nextStep, detail } = error
    return { isReady: false, reason, nextStep, detail }
  }
  return {
    isReady: false,
    reason: "the agent's CLI does not answer as it should",
    nextStep: "Run the agent's CLI in a terminal as this user and see whether it works.",
    detail: messageOf(error),
  }
}

/** What a failed call of the backend rejects with. */
export function proxyErrorOf(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error
  const message = messageOf(error)
  if (error instanceof StartError) {
    return new ProxyError("agent_not_ready", `${message}. ${error.nextStep}`, { cause: error })
  }
  const code = error instanceof RpcLostError && !error.isTimeout ? "backend_died" : "backend_error"
  return new ProxyError(code, message, { cause: error })
}

/**
 * The same for resume and fork. Whatever codex refuses there (`no rollout found`, `thread not found`, an unknown turn, a
 * thread without any turn), a new thread from the ledger is the way on.
 */
export function lostOrProxyError(error: unknown): ProxyError {
  return error instanceof RpcError ? new ThreadLostError(error.message, error) : proxyErrorOf(error)
}

/** Codex says so also at a turn: it may have unloaded the thread just then. */
export function isThreadUnknown(error: unknown): boolean {
  return error instanceof RpcError && /thread not found|no rollout found/i.test(error.message)
}

export function turnErrorOfThrown(error: unknown): TurnError {
  const { code, message } = proxyErrorOf(error)
  return { code, message, modelStatus: null }
}
