import type { FunctionCallItem } from "../../domain/items.ts"
import type { RequestId } from "../rpc-client.ts"

/** How long a call waits for others that nothing announced (code mode: they come 0 to 3 ms apart). */
const quietMs = 15
/** How long a call waits for those that were announced, once the model's answer is complete. */
const arrivalMs = 250
/** And for the answer to be complete: the model may write a long second call. */
const answerMs = 2_000

/**
 * The client's functions that the agent has called in one turn. codex starts each call of a model answer as soon as the
 * model has written it; they are released together, so that the reader can hand all of them to the client in one go. Raw
 * events tell which calls there will be; where there are none (code mode, resumed threads) a short silence ends a group.
 */
export class OpenCalls {
  readonly #release: (items: readonly FunctionCallItem[]) => void
  readonly #announced = new Set<string>()
  readonly #open = new Map<string, RequestId>()
  #held: FunctionCallItem[] = []
  #isAnswerOpen = false
  #timer: NodeJS.Timeout | null = null

  constructor(release: (items: readonly FunctionCallItem[]) => void) {
    this.#release = release
  }

  /** The model's answer has a call of this id: it arrives in a moment, others may follow. */
  announce(callId: string): void {
    this.#isAnswerOpen = true
    if (!this.#open.has(callId)) this.#announced.add(callId)
  }

  /** The model's answer is complete: no more announcements until the next one. */
  answerCompleted(): void {
    this.#isAnswerOpen = false
    if (this.#held.length === 0) return
    if (this.#announced.size === 0) this.flush()
    else this.#flushAfter(arrivalMs)
  }

  arrived(requestId: RequestId, item: FunctionCallItem): void {
    const wasAnnounced = this.#announced.delete(item.callId)
    this.#open.set(item.callId, requestId)
    this.#held.push(item)
    if (this.#isAnswerOpen) this.#flushAfter(answerMs)
    else if (this.#announced.size > 0) this.#flushAfter(arrivalMs)
    else if (wasAnnounced) this.flush()
    else this.#flushAfter(quietMs)
  }

  /** The request to answer; null: no such call is open. It is no longer open after this. */
  take(callId: string): RequestId | null {
    const requestId = this.#open.get(callId) ?? null
    this.#open.delete(callId)
    return requestId
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const held = this.#held
    this.#held = []
    if (held.length > 0) this.#release(held)
  }

  /** The turn is over: codex has dropped its calls, and ignores late answers. */
  drop(): void {
    this.#announced.clear()
    this.flush()
    this.#open.clear()
  }

  #flushAfter(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#announced.clear()
      this.flush()
    }, ms)
  }
}
