import type { AgentKey } from "../../domain/agents.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import type { Store } from "../../domain/store.ts"
import { findHead } from "../plan/conversation-head.ts"

/**
 * Keeps conversations straight while several requests want something of one: changes are made one
 * after the other, and a turn that must be given all items waits until those of the turns before it
 * are in.
 */
export class ConversationTurns {
  readonly #store: Store
  readonly #tails = new Map<string, Promise<unknown>>()
  readonly #unfinished = new Map<string, Set<LiveResponse>>()

  constructor(store: Store) {
    this.#store = store
  }

  /** One at a time for each conversation, first come first served. Rejects as `work` does. */
  change<T>(principal: string, conversationId: string, work: () => Promise<T>): Promise<T> {
    // The id alone would let another principal wait, and so learn that somebody is busy.
    const key = `${principal}\n${conversationId}`
    const before = this.#tails.get(key) ?? Promise.resolve()
    const result = before.then(work)
    const tail = result.then(
      () => {},
      () => {}, // Told to whoever asked for it; the next one starts all the same.
    )
    this.#tails.set(key, tail)
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    })
    return result
  }

  /** A change that plans a turn. */
  plan<T>(principal: string, conversationId: string, agent: AgentKey, work: () => Promise<T>): Promise<T> {
    return this.change(principal, conversationId, async () => {
      await this.#settled(principal, conversationId, agent)
      return work()
    })
  }

  began(conversationId: string, turn: LiveResponse): void {
    const turns = this.#unfinished.get(conversationId) ?? new Set()
    this.#unfinished.set(conversationId, turns.add(turn))
    void turn.finished.then(() => {
      turns.delete(turn)
      if (turns.size === 0) this.#unfinished.delete(conversationId)
    })
  }

  /** On the thread of those before, a turn just queues; others read items, which must be there. */
  async #settled(principal: string, conversationId: string, agent: AgentKey): Promise<void> {
    const conversation = await this.#store.conversations.find(principal, conversationId)
    if (conversation === null || (await findHead(conversation, agent, this.#store)) !== null) return
    const turns = [...(this.#unfinished.get(conversationId) ?? [])]
    await Promise.all(turns.map((turn) => turn.finished))
  }
}
