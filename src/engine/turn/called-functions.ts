import type { Turn } from "../../domain/backend.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { FunctionCallItem } from "../../domain/items.ts"
import type { TurnEvent } from "../../domain/turn-events.ts"
import { type FunctionGate, maxRefusals } from "./function-gate.ts"
import { causeOf, type StopCause } from "./outcome.ts"
import type { ServiceCalls } from "./service-calls.ts"
import type { TurnTools } from "./turn-tools.ts"

export type FunctionCalled = Extract<TurnEvent, { type: "function.called" }>

/** Calls that are the client's to answer. */
export interface ReadyCalls {
  /** In this answer. */
  readonly calls: readonly FunctionCallItem[]
  /** In the answers after this one: the client wants one at a time. */
  readonly later: readonly FunctionCallItem[]
  /** Time, in milliseconds since 1970, after which waiting does harm; null: it never does. */
  readonly holdUntil: number | null
}

export interface CalledFunctionsOptions {
  readonly gate: FunctionGate
  readonly tools: TurnTools
  /** Null: the agent has no tools of the service. */
  readonly service: ServiceCalls | null
  readonly allowsParallelCalls: boolean
  readonly stop: (cause: StopCause) => void
}

/**
 * Sorts what the agent calls: what may not be called is refused, tools of the service are run, and
 * the rest is the client's. A turn can wait for its client only when nothing runs any more: what
 * the service's tools bring belongs to this response.
 */
export class CalledFunctions {
  readonly #options: CalledFunctionsOptions
  #shown: FunctionCallItem[] = []
  #holdUntil: number | null = null
  #refusals = 0

  constructor(options: CalledFunctionsOptions) {
    this.#options = options
  }

  async take(calls: readonly FunctionCalled[], turn: Turn): Promise<void> {
    const { gate, tools, service, stop } = this.#options
    for (const { item, holdMs } of calls) {
      const serviceName = tools.serviceNameOf(item.name)
      if (serviceName !== null && service !== null) {
        service.begin(item, serviceName, turn)
        continue
      }
      let refusal: string | null
      try {
        refusal = await gate.refusalOf(item)
      } catch (error) {
        if (!(error instanceof ProxyError)) throw error
        // Else the agent would wait for an output that never comes.
        stop(causeOf(error))
        return
      }
      if (refusal === null) {
        this.#shown.push(item)
        if (holdMs !== null) {
          this.#holdUntil = Math.min(this.#holdUntil ?? Infinity, performance.now() + holdMs)
        }
        continue
      }
      this.#refusals += 1
      if (this.#refusals > maxRefusals) {
        const message = `The agent insists on calling ${item.name}, which is not possible.`
        stop({ code: "backend_error", message })
        return
      }
      await turn.answer(item.callId, [{ type: "text", text: refusal }])
    }
  }

  /** The client's calls, once nothing else runs, given out once; null: none, or not yet. */
  takeReady(): ReadyCalls | null {
    if (this.#shown.length === 0 || this.#options.service?.isIdle === false) return null
    const all = this.#shown
    const holdUntil = this.#holdUntil
    this.forget()
    const calls = this.#options.allowsParallelCalls ? all : all.slice(0, 1)
    return { calls, later: all.slice(calls.length), holdUntil }
  }

  /** The native turn is over, and with it what it called. */
  forget(): void {
    this.#shown = []
    this.#holdUntil = null
  }

  /** Resolves with what `next` brings, or with null as soon as the client's calls can be shown. */
  async unlessReady<T>(next: Promise<T>): Promise<T | null> {
    const { service } = this.#options
    if (this.#shown.length === 0 || service === null) return next
    return Promise.race([next, service.idle().then(() => null)])
  }
}
