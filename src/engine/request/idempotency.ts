import { ProxyError } from "../../domain/errors.ts"
import type { LiveResponse, ResponseLogReader } from "../../domain/response-log.ts"
import { hasActed, isFinished, type ResponseRecord } from "../../domain/responses.ts"
import type { Store } from "../../domain/store.ts"
import type { Member } from "../agents/agent.ts"
import { identityOf, isAgentGone } from "../agents/find-agent.ts"
import type { IdempotencyKey } from "../engine.ts"
import { dayMs } from "../log/age-clock.ts"
import type { RestoredResponses } from "../log/restored-responses.ts"

/** How long after its end a turn is the answer to a repeat of its request. */
const repeatMs = 15 * 60_000

/** How long a key means the same request: a day, and one that a wrong clock may have added. */
export const idempotencyMs = 2 * dayMs

/** Answers that are over and not in the ledger (`store: false`); the oldest goes first. */
const maxHeld = 256
/** In UTF-16 units. The newest is always held: whoever lost its connection comes for that. */
const maxHeldLength = 16 * 1024 * 1024

const maxRefused = 4096

/** Beside its text, which is the item's. */
const unitsOfEvent = 2

interface KeyedRequest extends IdempotencyKey {
  readonly principal: string
  /** False: nothing of it will be in the ledger. */
  readonly isKept: boolean
}

interface Held {
  readonly requestHash: string
  readonly since: number
  readonly live: Promise<LiveResponse>
}

/** Of a turn that is over, and that the ledger does not know. */
interface HeldAnswer extends Held {
  readonly length: number
  readonly agentId: string
  /** Of its agent, when the turn ended. */
  readonly identity: string | null
}

export type IdempotencyLedger = Pick<
  Store,
  "findIdempotent" | "findAnswer" | "readLog" | "findTurnOfResponse" | "findThread"
>

export interface IdempotencyOptions {
  readonly store: IdempotencyLedger
  /** The response if it runs. */
  readonly running: (id: string) => LiveResponse | undefined
  /** Those that are over, shared with all others who read them. */
  readonly restored: RestoredResponses
  /** By the clock by which things age. */
  readonly now: () => number
  readonly members: () => readonly Member[]
}

/**
 * One run for each key of a principal. What runs is held here, so that the same request at the same
 * time joins it; what is over is in the ledger, so that it is found after a restart too. A key
 * whose request was refused before it became a turn is free again.
 */
export class IdempotentRuns {
  readonly #options: IdempotencyOptions
  readonly #running = new Map<string, Held>()
  readonly #over = new Map<string, HeldAnswer>()
  /** Names whose last attempt was refused before it became a turn. */
  readonly #refused = new Set<string>()
  #overLength = 0

  constructor(options: IdempotencyOptions) {
    this.#options = options
  }

  /** Rejects with `idempotency_key_reused` when the key stands for another request. */
  async run(request: KeyedRequest, start: () => Promise<LiveResponse>): Promise<LiveResponse> {
    const { principal, key, requestHash, attempt } = request
    const name = JSON.stringify([principal, key])
    if (attempt !== undefined) {
      const joined = attempt === "repeat" ? await this.#joinable(name, principal, key) : null
      return joined ?? this.#hold(name, request, this.#noted(name, start()))
    }
    this.#assertAgentThere(key, this.#over.get(name))
    for (let held = this.#find(name); held !== null; held = this.#find(name)) {
      if (held.requestHash === requestHash) return held.live
      // If that one was refused, the key is free for this one.
      const isTaken = await held.live.then(
        () => true,
        () => false,
      )
      if (isTaken) throw reused(key)
    }
    const live = this.#stored(principal, key, requestHash).then((stored) => stored ?? start())
    return this.#hold(name, request, live)
  }

  /** A refusal is repeated too: an earlier turn of an equal request is none of its attempts. */
  async #noted(name: string, live: Promise<LiveResponse>): Promise<LiveResponse> {
    this.#refused.delete(name)
    try {
      return await live
    } catch (error) {
      this.#refused.add(name)
      for (const oldest of this.#refused) {
        if (this.#refused.size <= maxRefused) break
        this.#refused.delete(oldest)
      }
      throw error
    }
  }

  /** Of equal requests the newest: whichever is repeated, it answers the same question. */
  #hold(
    name: string,
    { requestHash, isKept }: KeyedRequest,
    live: Promise<LiveResponse>,
  ): Promise<LiveResponse> {
    const held: Held = { requestHash, since: this.#options.now(), live }
    this.#running.set(name, held)
    void this.#release(name, held, isKept)
    return live
  }

  /**
   * What a repeat is not to do again: a turn that runs, or has left something behind and is not
   * long over. Null: there is none, and it begins anew, as it would have without its first attempt.
   */
  async #joinable(name: string, principal: string, key: string): Promise<LiveResponse | null> {
    const over = this.#over.get(name)
    if (this.#refused.has(name) || (over !== undefined && this.#isOfAgentGone(over))) return null
    const held = this.#find(name)
    const live =
      held === null
        ? await this.#ofLedger(principal, key)
        : // Whoever asked first has the error; nothing ran.
          await held.live.catch(() => null)
    return live !== null && this.#isJoinable(live.record) ? live : null
  }

  #isJoinable(record: ResponseRecord): boolean {
    const { status, completedAt } = record
    if (!isFinished(status)) return true
    if (completedAt !== null && completedAt < this.#options.now() - repeatMs) return false
    return status === "completed" || status === "incomplete" || hasActed(record)
  }

  async #ofLedger(principal: string, key: string): Promise<LiveResponse | null> {
    const { store, running, restored, members } = this.#options
    const known = await store.findIdempotent(principal, key)
    if (known === null) return null
    const live = running(known.responseId)
    if (live !== undefined) return live
    const record = await store.findAnswer(principal, known.responseId)
    if (record === null || !this.#isJoinable(record)) return null
    if (await isAgentGone(record, members(), store)) return null
    return restored.open(record, () => store.readLog(record.id))
  }

  #assertAgentThere(key: string, held: HeldAnswer | undefined): void {
    if (held !== undefined && this.#isOfAgentGone(held)) throw agentGone(key, held.agentId)
  }

  /** True: another agent has the name of the one that answered. */
  #isOfAgentGone({ identity, agentId, since }: HeldAnswer): boolean {
    if (identity === null || this.#isExpired(since)) return false
    const now = identityOf(this.#options.members(), agentId)
    return now !== null && now !== identity
  }

  #find(name: string): Held | null {
    const held = this.#running.get(name) ?? this.#over.get(name)
    return held === undefined || this.#isExpired(held.since) ? null : held
  }

  async #stored(principal: string, key: string, requestHash: string): Promise<LiveResponse | null> {
    const { store, running, restored } = this.#options
    const known = await store.findIdempotent(principal, key)
    if (known === null || this.#isExpired(known.createdAt)) return null
    if (known.requestHash !== requestHash) throw reused(key)
    const live = running(known.responseId)
    if (live !== undefined) return live
    const record = await store.findAnswer(principal, known.responseId)
    if (record === null) {
      throw new ProxyError(
        "idempotency_key_reused",
        `The answer to the Idempotency-Key '${key}' was deleted. Use a new key to ask again.`,
        { param: "idempotency-key" },
      )
    }
    if (await isAgentGone(record, this.#options.members(), store)) throw agentGone(key, record.agentId)
    return restored.open(record, () => store.readLog(record.id))
  }

  /** The ledger knows what is over; of what it is not to know, a bounded number is kept here. */
  async #release(name: string, held: Held, isKept: boolean): Promise<void> {
    // Whoever asked has the error; nothing ran.
    const live = await held.live.catch(() => null)
    const record = live === null ? null : await live.finished
    if (live !== null && record !== null && !isKept) {
      this.#drop(name)
      const { log } = live
      const length = JSON.stringify([record.output, record.echo]).length + log.length * unitsOfEvent
      // Only what is told of it: the turn itself has all of its conversation.
      const { agentId } = record
      const identity = identityOf(this.#options.members(), agentId)
      this.#over.set(name, { ...held, live: Promise.resolve(overOf(record, log)), length, agentId, identity })
      this.#overLength += length
      for (const oldest of this.#over.keys()) {
        if (oldest === name || (this.#over.size <= maxHeld && this.#overLength <= maxHeldLength)) break
        this.#drop(oldest)
      }
    }
    if (this.#running.get(name) === held) this.#running.delete(name)
  }

  #drop(name: string): void {
    this.#overLength -= this.#over.get(name)?.length ?? 0
    this.#over.delete(name)
  }

  #isExpired(since: number): boolean {
    return since < this.#options.now() - idempotencyMs
  }
}

function overOf(record: ResponseRecord, log: ResponseLogReader): LiveResponse {
  return { id: record.id, record, log, finished: Promise.resolve(record), cancel: () => {} }
}

function agentGone(key: string, agentId: string): ProxyError {
  return new ProxyError(
    "idempotency_key_reused",
    `The Idempotency-Key '${key}' was used for a request to an earlier agent of the name '${agentId}', who is not here any more. ` +
      "Use a new key to ask the one of today.",
    { param: "idempotency-key" },
  )
}

function reused(key: string): ProxyError {
  return new ProxyError(
    "idempotency_key_reused",
    `The Idempotency-Key '${key}' was already used for another request. Use a new key for a new request.`,
    { param: "idempotency-key" },
  )
}
