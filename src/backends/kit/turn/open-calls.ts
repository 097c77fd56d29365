import type { FunctionCallItem } from "../../../domain/items.ts"
import type { ToolCall } from "../../../domain/tool-endpoint.ts"

/** How calls become a group that nothing announced. */
export interface Gathering {
  readonly quietMs: number
  /** False: a group is what comes within that time of its first call, else of its last one. */
  readonly isExtended: boolean
}

/** In codex's code mode they come 0 to 3 ms apart, and 20 ms when the machine is busy. */
const usualGathering: Gathering = { quietMs: 100, isExtended: true }
/** How long a call waits for those that were announced, behind the model's whole answer. */
const arrivalMs = 1_000
/** And for the answer to be complete: the model may write a long second call. */
const answerMs = 2_000

/**
 * The client's functions that the agent has called in one turn. A CLI may start each call of a
 * model answer as soon as the model has written it; they are released together, so that the reader
 * can hand all of them to the client in one go. Some CLIs tell which calls there will be
 * (`announce`); where none does, a short silence ends a group. `Request` is what the backend needs
 * to answer a call.
 */
export class OpenCalls<Request> {
  readonly #release: (items: readonly FunctionCallItem[]) => void
  readonly #gathering: Gathering
  readonly #announced = new Set<string>()
  readonly #open = new Map<string, Request>()
  #held: FunctionCallItem[] = []
  #isAnswerOpen = false
  #timer: NodeJS.Timeout | null = null

  constructor(release: (items: readonly FunctionCallItem[]) => void, gathering = usualGathering) {
    this.#release = release
    this.#gathering = gathering
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

  arrived(request: Request, item: FunctionCallItem): void {
    const wasAnnounced = this.#announced.delete(item.callId)
    this.#open.set(item.callId, request)
    this.#held.push(item)
    if (this.#isAnswerOpen) this.#flushAfter(answerMs)
    else if (this.#announced.size > 0) this.#flushAfter(arrivalMs)
    else if (wasAnnounced) this.flush()
    else this.#flushAfter(this.#gathering.quietMs)
  }

  /** The request to answer; null: no such call is open. It is no longer open after this. */
  take(callId: string): Request | null {
    const request = this.#open.get(callId) ?? null
    this.#open.delete(callId)
    return request
  }

  /** Another call of this group is on its way: those that are held wait for it. */
  expectMore(): void {
    if (this.#held.length > 0) this.#flushAfter(this.#gathering.quietMs)
  }

  /** The agent does not wait for this call any more. */
  withdraw(callId: string): void {
    this.#open.delete(callId)
    this.#held = this.#held.filter((item) => item.callId !== callId)
  }

  flush(): void {
    clearTimeout(this.#timer ?? undefined)
    this.#timer = null
    const held = this.#held
    this.#held = []
    if (held.length > 0) this.#release(held)
  }

  /** The turn is over. Returns what was not answered: for some CLIs, which still wait. */
  drop(): Request[] {
    this.#announced.clear()
    this.flush()
    const open = [...this.#open.values()]
    this.#open.clear()
    return open
  }

  #flushAfter(ms: number): void {
    if (this.#timer !== null && !this.#gathering.isExtended) return
    clearTimeout(this.#timer ?? undefined)
    this.#timer = setTimeout(() => {
      this.#announced.clear()
      this.flush()
    }, ms)
  }
}

/** A call of one of the client's functions, as events tell it. */
export function callItem(callId: string, name: string, args: string): FunctionCallItem {
  return { type: "function_call", id: callId, callId, name, arguments: args, status: "completed" }
}

/** The CLI gets no answer of the client to it, but these words. */
export function refuseCall(call: ToolCall, text: string): void {
  call.answer([{ type: "text", text }], true)
}
