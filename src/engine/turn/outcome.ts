import { type ErrorCode, ProxyError, type TurnError, UnfitFunctionError } from "../../domain/errors.ts"
import { machineProblemOf } from "../../domain/file-problem.ts"
import { type Item, textOf } from "../../domain/items.ts"
import type { ResponseStatus } from "../../domain/responses.ts"
import type { AnswerCut } from "../../domain/turn-events.ts"
import type { Usage } from "../../domain/usage.ts"
import type { Cut } from "../answer/answer-limits.ts"
import type { ParkedTurn } from "./parking.ts"

/** How a response ended. */
export interface Outcome {
  readonly status: Extract<ResponseStatus, "completed" | "failed" | "incomplete" | "cancelled">
  readonly error: TurnError | null
  readonly usage: Usage | null
  /** Completed with calls of the client: the native turn waits for outputs, at most so long. */
  readonly parked?: { readonly turn: ParkedTurn; readonly limitMs: number }
}

/**
 * Why a turn is stopped before its agent is done; all but `cancelled`, `replied` (the agent has
 * given its answer otherwise) and the client's own limits on the answer are failures of that code.
 */
export interface StopCause {
  readonly code: "cancelled" | "replied" | Cut | ErrorCode
  readonly message: string
  /** What the CLI said of its model, where that is the reason. */
  readonly details?: Omit<TurnError, "code" | "message">
}

/** That a turn is to end before its agent is done; who asks first says why. */
export class TurnStop {
  #cause: StopCause | null = null
  #resolve: () => void = () => {}
  readonly #isOver: () => boolean
  readonly #onAsked: () => void
  /** Resolves when it was asked for. */
  readonly whenAsked = new Promise<void>((resolve) => {
    this.#resolve = resolve
  })

  /** `isOver`: nothing is left to be stopped. `onAsked` is called once at most. */
  constructor(isOver: () => boolean, onAsked: () => void) {
    this.#isOver = isOver
    this.#onAsked = onAsked
  }

  get cause(): StopCause | null {
    return this.#cause
  }

  ask(cause: StopCause): void {
    if (this.#cause !== null || this.#isOver()) return
    this.#cause = cause
    this.#resolve()
    this.#onAsked()
  }
}

/** The CLI says that the turn is over. */
export function completed(cut: AnswerCut | undefined, usage: Usage | null): Outcome {
  if (cut === undefined) return { status: "completed", error: null, usage }
  return { status: "incomplete", error: { code: cut.reason, message: cut.message, modelStatus: null }, usage }
}

/** An answer with nothing in it is none: a client would take it for what the agent has to say. */
export function withoutEmptyAnswer(outcome: Outcome, output: readonly Item[]): Outcome {
  const isAnswer = outcome.status === "completed" && outcome.parked === undefined
  if (!isAnswer || output.some(hasSomething)) return outcome
  const message = "The agent ended its turn without an answer, and without having done anything."
  return { ...failed("model_error", message), usage: outcome.usage }
}

function hasSomething(item: Item): boolean {
  return item.type === "message" ? textOf(item.content) !== "" : item.type !== "reasoning"
}

export function stopped(cause: StopCause, usage: Usage | null): Outcome {
  if (cause.code === "cancelled") return { status: "cancelled", error: null, usage }
  if (cause.code === "stop" || cause.code === "replied") return { status: "completed", error: null, usage }
  const { code, message, details } = cause
  const error = { code, message, modelStatus: null, ...details }
  return { status: cause.code === "max_output_tokens" ? "incomplete" : "failed", error, usage }
}

export function causeOf(error: ProxyError): StopCause {
  const { code, message, param, cause, hasActed, retryAfterSeconds } = error
  const details = {
    modelStatus: null,
    // Others have the words of Responses, whichever API it is for.
    ...(param !== null && cause instanceof UnfitFunctionError && { param }),
    ...(hasActed && { mayHaveActed: true as const }),
    ...(retryAfterSeconds !== null && { retryAfterSeconds }),
  }
  return { code, message, details }
}

export function failed(code: string, message: string): Outcome {
  return { status: "failed", error: { code, message, modelStatus: null }, usage: null }
}

/** The CLI has no such thread any more. */
export function isLost({ error }: Outcome): boolean {
  return error?.code === "thread_lost"
}

/** For the client. A thread lost behind what this turn did cannot be filled anew within it. */
export function outcomeForClient(outcome: Outcome): Outcome {
  if (!isLost(outcome)) return outcome
  const message =
    "The agent's CLI lost the conversation in the middle of this turn. Send the next message as usual: it goes on from " +
    "what the service has stored."
  return { ...outcome, error: { code: "backend_error", message, modelStatus: null } }
}

/** Of a CLI that was not there to be asked. */
export function wasNeverAsked({ code }: TurnError): boolean {
  return code === "agent_not_ready" || code === "agent_unavailable"
}

/** For what was thrown. Our fault says only where to look: its message may hold paths or worse. */
export function failedBy(error: unknown, responseId: string): Outcome {
  const known = machineProblemOf(error instanceof ProxyError ? error.cause : error) ?? error
  if (known instanceof ProxyError && known.code !== "internal_error") return stopped(causeOf(known), null)
  return failed("internal_error", `A fault of this service; its log says more under ${responseId}.`)
}

/** Of a turn whose answer the ledger did not take: the agent has worked. */
export function unstoredError(cause: unknown, responseId: string): TurnError {
  if (cause instanceof ProxyError && cause.code === "storage_failed") {
    return { code: cause.code, message: `The answer is not stored. ${cause.message}`, modelStatus: null }
  }
  const message = `The answer could not be stored; the log says more under ${responseId}.`
  return { code: "internal_error", message, modelStatus: null }
}
