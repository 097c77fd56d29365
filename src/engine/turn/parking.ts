import type { ThreadRef, Turn, TurnInput } from "../../domain/backend.ts"
import { messageOf } from "../../domain/errors.ts"
import type { FunctionCallItem, Item, MessageItem } from "../../domain/items.ts"
import type { Log } from "../../domain/log.ts"
import type { ThreadRecord } from "../../domain/store.ts"
import { isFinal, type TurnEvent } from "../../domain/turn-events.ts"
import { type Usage, usageSince } from "../../domain/usage.ts"
import { outputsIn } from "../plan/request-items.ts"

/** A native turn that waits for the outputs of the client's functions, between two responses. */
export interface ParkedTurn {
  /** Our turn, whose response made the calls. */
  readonly turnId: string
  readonly thread: ThreadRecord
  readonly turn: Turn
  readonly turnRef: string | null
  /** Of the native thread, for a further turn in it. */
  readonly ref: ThreadRef
  /** The schema that its model is held to; null: none. */
  readonly outputSchema: TurnInput["outputSchema"]
  readonly events: AsyncIterator<readonly TurnEvent[]>
  /** Of the calls whose outputs it waits for. */
  readonly callIds: readonly string[]
  /** Calls that the client has not been told of yet: it wants one at a time. */
  readonly later: readonly FunctionCallItem[]
  /** Time, as `performance.now()` tells it, after which waiting does harm; null: it never does. */
  readonly holdUntil: number | null
  /** What the responses so far have accounted for. */
  readonly usage: Usage | null
  /** Called once when the turn is over without having been taken up again. */
  readonly onEnded: () => void
}

interface WaitingTurn extends ParkedTurn {
  readonly timer: NodeJS.Timeout
  /** The one read that is under way, so that an end during the wait is seen. */
  next: Promise<IteratorResult<readonly TurnEvent[]>>
  early: (readonly TurnEvent[])[]
}

/** Turns of one agent that wait at the same time; the oldest is ended for a newer one. */
const maxParkedPerAgent = 64
const maxUnaccounted = 1_000

/**
 * Turns that wait for their client. Nothing depends on a turn still being here: one that waited too
 * long, or did not survive a restart, is ended, and goes on from the ledger when the outputs come.
 */
export class Parking {
  readonly #waiting = new Map<string, WaitingTurn>()
  /** What ended turns used after they were told: it belongs to the response behind them. */
  readonly #unaccounted = new Map<string, Usage>()
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  park(parked: ParkedTurn, limitMs: number): void {
    const timer = setTimeout(() => void this.#end(parked.turnId, "no output came in time"), limitMs)
    timer.unref()
    const waiting: WaitingTurn = { ...parked, timer, next: parked.events.next(), early: [] }
    this.#waiting.set(parked.turnId, waiting)
    void this.#watch(waiting)
    const ofAgent = [...this.#waiting.values()].filter(
      ({ thread }) => thread.agentId === parked.thread.agentId,
    )
    const [oldest] = ofAgent
    // Each keeps a thread loaded in the CLI; those whose clients never answer must not add up.
    if (ofAgent.length > maxParkedPerAgent && oldest !== undefined) {
      void this.#end(oldest.turnId, "too many turns wait for their clients")
    }
  }

  /**
   * Takes the turn up again, in its own thread; null: it is not here (any more), or the request
   * asks for other instructions or tools and so for another thread. Its events go on where they
   * were left. Null as well where it does not take the messages that come with the outputs.
   */
  take(turnId: string, threadId: string, messages: readonly MessageItem[]): ParkedTurn | null {
    const found = this.#waiting.get(turnId)
    if (found?.thread.id !== threadId) return null
    if (messages.length > 0 && found.turn.addMessages === undefined) return null
    const waiting = this.#remove(turnId)
    return waiting === null ? null : { ...waiting, events: resumed(waiting) }
  }

  /** The turn that waits for one of these outputs of this caller; null: none does (any more). */
  turnThatAwaits(principal: string, agentId: string, input: readonly Item<unknown>[]): string | null {
    if (this.#waiting.size === 0) return null
    const given = new Set(outputsIn(input).map(({ callId }) => callId))
    for (const { thread, turnId, callIds } of this.#waiting.values()) {
      if (thread.principal !== principal || thread.agentId !== agentId) continue
      if (callIds.some((callId) => given.has(callId))) return turnId
    }
    return null
  }

  /** The thread, which is not stored, of a turn that waits for one of these outputs. */
  findUnstored(principal: string, agentId: string, callIds: readonly string[]): ThreadRecord | null {
    for (const { thread, turnId, callIds: awaited } of this.#waiting.values()) {
      if (!thread.isEphemeral || thread.principal !== principal || thread.agentId !== agentId) continue
      if (awaited.some((callId) => callIds.includes(callId))) return { ...thread, headTurnId: turnId }
    }
    return null
  }

  /** Ends the turn that waits on this thread, if any: something else is to happen there. */
  async evict(threadId: string): Promise<void> {
    for (const waiting of [...this.#waiting.values()]) {
      if (waiting.thread.id === threadId)
        await this.#end(waiting.turnId, "the conversation went on without its outputs")
    }
  }

  /** Ends all turns of this agent that wait. */
  async evictAgent(agentId: string, reason: string): Promise<void> {
    const ofAgent = [...this.#waiting.values()].filter(({ thread }) => thread.agentId === agentId)
    await Promise.all(ofAgent.map(({ turnId }) => this.#end(turnId, reason)))
  }

  /** Ends this turn, if it waits: its response is gone, or goes on elsewhere. */
  async evictTurn(turnId: string): Promise<void> {
    await this.#end(turnId, "its response is gone, or goes on in another thread")
  }

  /** Tokens of a turn that ended while it waited, told in no response yet. Given out once. */
  takeUnaccounted(turnId: string): Usage | null {
    const usage = this.#unaccounted.get(turnId) ?? null
    this.#unaccounted.delete(turnId)
    return usage
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#waiting.keys()].map((turnId) => this.#end(turnId, "the service is stopping")))
  }

  async #end(turnId: string, reason: string): Promise<void> {
    const waiting = this.#remove(turnId)
    if (waiting === null) return
    this.#log("info", "a turn that waited for its client is ended", { turn: turnId, reason })
    try {
      await waiting.turn.interrupt()
      const rest = resumed(waiting)
      for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
        const last = next.value.find(isFinal)
        if (last !== undefined) {
          this.#account(waiting, last)
          break
        }
      }
    } catch (error) {
      this.#log("info", "a turn that waited could not be ended", { turn: turnId, error: messageOf(error) })
    } finally {
      waiting.onEnded()
    }
  }

  /** A CLI may end the turn by itself, or die: then there is nothing left to wait for. */
  async #watch(waiting: WaitingTurn): Promise<void> {
    for (;;) {
      const next = await waiting.next
      if (this.#waiting.get(waiting.turnId) !== waiting) return
      const last = next.done === true ? null : next.value.find(isFinal)
      if (last !== undefined) {
        this.#remove(waiting.turnId)
        if (last !== null) this.#account(waiting, last)
        waiting.onEnded()
        return
      }
      if (next.done !== true) waiting.early.push(next.value)
      waiting.next = waiting.events.next()
    }
  }

  #account(waiting: WaitingTurn, last: TurnEvent): void {
    const usage = usageSince(waiting.usage, "usage" in last ? last.usage : null)
    if (usage === null) return
    this.#unaccounted.set(waiting.turnId, usage)
    const [oldest] = this.#unaccounted.keys()
    if (this.#unaccounted.size > maxUnaccounted && oldest !== undefined) this.#unaccounted.delete(oldest)
  }

  #remove(turnId: string): WaitingTurn | null {
    const waiting = this.#waiting.get(turnId) ?? null
    if (waiting === null) return null
    clearTimeout(waiting.timer)
    this.#waiting.delete(turnId)
    return waiting
  }
}

/** Of a turn that was watched: what came meanwhile, the read under way, then the rest. */
async function* resumed(waiting: WaitingTurn): AsyncGenerator<readonly TurnEvent[]> {
  yield* waiting.early
  for (let next = await waiting.next; next.done !== true; next = await waiting.events.next()) yield next.value
}
