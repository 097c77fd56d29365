import { ProxyError } from "../domain/errors.ts"

interface Waiting {
  readonly start: () => void
}

interface Lane {
  readonly waiting: Waiting[]
}

/** A place in the queue; leaving it gives the thread to whoever is next. */
export interface QueuePlace {
  /** Resolves when the turn may run. Never rejects; does not resolve once `leave` was called. */
  readonly turnToRun: Promise<void>
  /** Called exactly when the turn is over or no longer wanted. Safe twice. */
  leave(): void
}

/** One turn at a time per thread, first come first served; bounded per agent and in all. */
export class TurnQueue {
  readonly #lanes = new Map<string, Lane>()
  readonly #perAgent = new Map<string, number>()
  #total = 0
  readonly #limits: { readonly turnsPerAgent: number; readonly turnsTotal: number }

  constructor(limits: { readonly turnsPerAgent: number; readonly turnsTotal: number }) {
    this.#limits = limits
  }

  get total(): number {
    return this.#total
  }

  /** Running and waiting turns of one agent. */
  countOf(agentId: string): number {
    return this.#perAgent.get(agentId) ?? 0
  }

  /** Throws `queue_full`. To be asked before a turn is stored, and again by `enter`. */
  assertRoom(agentId: string): void {
    const isAgentFull = this.countOf(agentId) >= this.#limits.turnsPerAgent
    if (!isAgentFull && this.#total < this.#limits.turnsTotal) return
    const who = isAgentFull ? `Agent '${agentId}' has` : "The service has"
    throw new ProxyError(
      "queue_full",
      `${who} as many turns running and waiting as it takes. Try again in a few seconds.`,
      {
        retryAfterSeconds: 5,
      },
    )
  }

  enter(agentId: string, threadId: string): QueuePlace {
    this.assertRoom(agentId)
    this.#total += 1
    this.#perAgent.set(agentId, this.countOf(agentId) + 1)
    let hasLeft = false
    let isRunning = false
    let start: () => void = () => {}
    const turnToRun = new Promise<void>((resolve) => {
      start = resolve
    })
    const place: Waiting = {
      start: () => {
        isRunning = true
        start()
      },
    }
    const lane = this.#lanes.get(threadId)
    if (lane === undefined) {
      this.#lanes.set(threadId, { waiting: [] })
      place.start()
    } else {
      lane.waiting.push(place)
    }
    return {
      turnToRun,
      leave: () => {
        if (hasLeft) return
        hasLeft = true
        this.#total -= 1
        this.#perAgent.set(agentId, this.countOf(agentId) - 1)
        if (isRunning) this.#startNext(threadId)
        else this.#remove(threadId, place)
      },
    }
  }

  #startNext(threadId: string): void {
    const next = this.#lanes.get(threadId)?.waiting.shift()
    if (next === undefined) this.#lanes.delete(threadId)
    else next.start()
  }

  #remove(threadId: string, place: Waiting): void {
    const waiting = this.#lanes.get(threadId)?.waiting
    const index = waiting?.indexOf(place) ?? -1
    if (index >= 0) waiting?.splice(index, 1)
  }
}
