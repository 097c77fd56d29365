import { existsSync } from "node:fs"
import { basename } from "node:path"
import { fullReason, type NotReady } from "../../../domain/agents.ts"
import {
  messageOf,
  notReadyError,
  ProxyError,
  ThreadLostError,
  type TurnError,
} from "../../../domain/errors.ts"
import { findExecutable } from "../../../programs/find-executable.ts"
import { RpcLostError, RpcRefusedError } from "../rpc/rpc-client.ts"

export interface StartErrorFields {
  /** See `NotReady`: whatever is not of our own words. */
  readonly detail?: string | null
  readonly cause?: unknown
  /** See `NotReady`. Missing: only a person can mend it. */
  readonly retryAfterSeconds?: number | null
}

/** Why the agent's program does not run now, for people; the fields are `NotReady`'s. */
export class StartError extends Error {
  readonly reason: string
  readonly nextStep: string
  readonly detail: string | null
  readonly retryAfterSeconds: number | null

  constructor(
    reason: string,
    nextStep: string,
    { detail = null, cause, retryAfterSeconds = null }: StartErrorFields = {},
  ) {
    super(fullReason({ reason, detail }), { cause })
    this.name = "StartError"
    this.reason = reason
    this.nextStep = nextStep
    this.detail = detail
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Of an agent whose backend is being stopped. */
export function stopping(cause?: unknown): StartError {
  return new StartError("the agent is stopping", "Start the service again.", { cause, retryAfterSeconds: 5 })
}

/** Of a program that died before the request that waited for it; its next start is at hand. */
export function justEnded(program: string): StartError {
  return new StartError(`${program} has just ended`, "Try again.", { retryAfterSeconds: 1 })
}

/** What was thrown by others is in their words. */
export function notReady(error: unknown): NotReady {
  if (error instanceof StartError) {
    const { reason, nextStep, detail } = error
    return { isReady: false, reason, nextStep, detail, ...passing(error) }
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
    return notReadyError(`${message}. ${error.nextStep}`, passing(error), error)
  }
  const code = error instanceof RpcLostError && !error.isTimeout ? "backend_died" : "backend_error"
  return new ProxyError(code, message, { cause: error })
}

/**
 * The same for resume and fork. Whatever codex refuses there (`no rollout found`, `thread not
 * found`, an unknown turn, a thread without any turn), a new thread from the ledger is the way on.
 */
export function lostOrProxyError(error: unknown): ProxyError {
  return error instanceof RpcRefusedError ? new ThreadLostError(error.message, error) : proxyErrorOf(error)
}

/** Codex says so also at a turn: it may have unloaded the thread just then. */
export function isThreadUnknown(error: unknown): boolean {
  return error instanceof RpcRefusedError && /thread not found|no rollout found/i.test(error.message)
}

export function turnErrorOfThrown(error: unknown): TurnError {
  const { code, message, retryAfterSeconds } = proxyErrorOf(error)
  return { code, message, modelStatus: null, ...(retryAfterSeconds !== null && { retryAfterSeconds }) }
}

function passing({ retryAfterSeconds }: StartError): Pick<NotReady, "retryAfterSeconds"> {
  return retryAfterSeconds === null ? {} : { retryAfterSeconds }
}

/** Absolute path. Throws `StartError`; `installStep` is how to get the program. */
export function startableProgram(
  { executable, cwd, env }: { executable: string; cwd: string; env: Readonly<Record<string, string>> },
  installStep: string,
): string {
  const file = findExecutable(executable, env.PATH)
  if (file === null) {
    throw new StartError(
      `\`${basename(executable)}\` is not on the PATH of this service, or may not be run`,
      `${installStep}, or set the agent's CLI to its full path.`,
      { detail: executable.includes("/") ? executable : null },
    )
  }
  if (!existsSync(cwd)) {
    throw new StartError(
      "the agent's workspace does not exist",
      "Create the folder, or hire the agent again.",
      { detail: cwd },
    )
  }
  return file
}
