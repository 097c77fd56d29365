import type { Turn } from "../../../domain/backend.ts"
import { ProxyError, type TurnError } from "../../../domain/errors.ts"
import type { ContentPart } from "../../../domain/items.ts"
import type { AnswerCut, TurnEvent } from "../../../domain/turn-events.ts"
import type { Usage } from "../../../domain/usage.ts"
import { EventBatches } from "./event-batches.ts"

/** Who has stopped a turn: its client, or the agent that is being stopped. */
export type StopReason = "interrupted" | "agent_stopped"

/** What a turn fails with whose agent is being stopped. */
export const agentStopped: TurnError = {
  code: "agent_stopped",
  message: "The agent was stopped",
  modelStatus: null,
}

/** Of a turn that was stopped before its CLI had heard of it. */
export const interruptedBefore: TurnError = {
  code: "interrupted",
  message: "Interrupted before it began",
  modelStatus: null,
}

/** What goes wrong between a CLI and us. */
export function backendError(message: string): TurnError {
  return { code: "backend_error", message, modelStatus: null }
}

/**
 * The life of a turn, the same on every CLI: its events up to the last one, which comes exactly
 * once; that somebody stops it, and how long its CLI may take to end it then.
 */
export abstract class CliTurn implements Turn {
  readonly #batches = new EventBatches<TurnEvent>()
  readonly #settled = Promise.withResolvers<void>()
  #stopReason: StopReason | null = null
  #grace: NodeJS.Timeout | null = null
  #isOver = false

  abstract get usage(): Usage | null

  abstract answer(callId: string, output: readonly ContentPart[]): Promise<void>

  abstract interrupt(): Promise<void>

  get events(): AsyncIterable<readonly TurnEvent[]> {
    return this.#batches
  }

  /** It is decided how it ends. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Null: nobody has stopped it. */
  get stopReason(): StopReason | null {
    return this.#stopReason
  }

  get isInterrupting(): boolean {
    return this.#stopReason === "interrupted"
  }

  /** Resolves once `settle` was called: the thread is free for the next turn. Never rejects. */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** Ends the turn from our side: in this way, unless somebody has stopped it. */
  fail(error: TurnError): void {
    this.end(this.stopped() ?? { type: "turn.failed", error, usage: this.usage })
  }

  /** Ends it as it should. */
  protected complete(usage: Usage | null, cut: AnswerCut | null = null): void {
    this.end({ type: "turn.completed", usage, ...(cut !== null && { cut }) })
  }

  /** To be called once, at the very end, however the turn went. */
  settle(): void {
    this.fail(backendError("The turn was never run"))
    this.#settled.resolve()
  }

  /** The CLI has it: from now on it has a name. */
  protected tellStarted(turnRef: string): void {
    this.push({ type: "turn.started", turnRef })
  }

  protected push(event: TurnEvent): void {
    this.#batches.push(event)
  }

  /** False: it is over, or stopped already. */
  protected stopFor(reason: StopReason): boolean {
    if (this.#isOver || this.#stopReason !== null) return false
    this.#stopReason = reason
    return true
  }

  /** The last event of a turn that somebody has stopped; null: nobody has. */
  protected stopped(): TurnEvent | null {
    if (this.#stopReason === null) return null
    const { usage } = this
    if (this.#stopReason === "interrupted") return { type: "turn.interrupted", usage }
    return { type: "turn.failed", error: agentStopped, usage }
  }

  /** Ends a turn that somebody has stopped; `isStuck`: see `end`. */
  protected endStopped(isStuck = false): void {
    const last = this.stopped()
    if (last !== null) this.end(last, isStuck)
  }

  /** How long the CLI may take to end a turn that was stopped; another call begins anew. */
  protected graceFor(ms: number, onPassed: () => void): void {
    this.endGrace()
    this.#grace = setTimeout(onPassed, ms)
  }

  protected endGrace(): void {
    clearTimeout(this.#grace ?? undefined)
  }

  /** The one end of a turn. `isStuck`: the CLI still runs it, as far as we know. */
  protected end(last: TurnEvent, isStuck = false): void {
    if (this.#isOver) return
    this.#isOver = true
    this.endGrace()
    const finished = this.finish(last)
    const close = () => {
      this.#batches.close(last)
      this.afterEnd(last, isStuck)
    }
    if (finished === undefined) close()
    else void finished.then(close)
  }

  /** What is open is completed before the last event. It may take a moment, and never rejects. */
  protected finish(_last: TurnEvent): Promise<void> | undefined {
    return undefined
  }

  /** The last event is out. */
  protected afterEnd(_last: TurnEvent, _isStuck: boolean): void {
    // Most have nobody else to tell.
  }

  protected noSuchCall(callId: string): ProxyError {
    return new ProxyError("backend_error", `No call ${callId} is open in this turn`)
  }
}
