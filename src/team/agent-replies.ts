import type { AgentKey } from "../domain/agents.ts"
import { ProxyError } from "../domain/errors.ts"
import { newId } from "../domain/ids.ts"
import { textMessage } from "../domain/items.ts"
import type { KeptReply, OutboxQuery, ReplyRecord } from "../domain/replies.ts"
import type { Store } from "../domain/store.ts"
import type { Engine, TurnNow } from "../engine/engine.ts"
import type { ParsedReply } from "../protocol/agent-reply.ts"

/** What an agent says outside its CLI's output. */
export type AgentReply = ParsedReply & { readonly agentId: string }

interface AgentRepliesOptions {
  readonly engine: Engine
  readonly store: Store
  readonly now: () => number
  /** What release 0.2.0 has left in the home; asked for once. Default: nothing. */
  readonly older?: () => Promise<OlderReplies>
}

/** A reply that is no row of the ledger but a file of the home, which stays. */
type OlderReply = KeptReply & { readonly file: string }

interface OlderReplies {
  readonly replies: readonly OlderReply[]
  /** There are more than these. */
  readonly hasMore: boolean
}

/** The newest of an outbox. */
interface Outbox {
  readonly replies: readonly (KeptReply | OlderReply)[]
  readonly hasMore: boolean
}

type Target = Pick<ReplyRecord, "principal" | "responseId" | "conversationId"> & {
  readonly turn: TurnNow | null
}

const nothing = { replies: [], hasMore: false } as const
const nobodys = { responseId: null, conversationId: null, turn: null }

/** Brings what agents say by themselves to whoever waits for it, or keeps it. */
export class AgentReplies {
  readonly #options: AgentRepliesOptions
  /** Deliveries under way whose sender has given them a name. */
  readonly #named = new Map<string, Promise<ReplyRecord>>()
  #older: Promise<OlderReplies> | null = null

  constructor(options: AgentRepliesOptions) {
    this.#options = options
  }

  /**
   * `principal` null: the agent itself says it. Rejects with `agent_not_found`,
   * `response_not_found`, `conversation_not_found`, or `invalid_request` when it cannot be told
   * which turn is meant.
   */
  async deliver(said: AgentReply, principal: string | null): Promise<ReplyRecord> {
    const reply = { ...said, agentId: this.agentOf(said.agentId) }
    const { identity } = this.#keyOf(reply.agentId)
    if (reply.clientId === null) return this.#deliver(reply, principal)
    const clientId = ownNameOf(reply, reply.clientId, principal, identity)
    const name = `${reply.agentId}\n${clientId}`
    const delivery = this.#named.get(name) ?? this.#deliverOnce({ ...reply, clientId }, clientId, principal)
    this.#named.set(name, delivery)
    try {
      return await delivery
    } finally {
      this.#named.delete(name)
    }
  }

  /** By id, or by a bare name that only one has. Throws `agent_not_found`. */
  agentOf(word: string): string {
    return this.#options.engine.agentCalled(word, "agent_not_found", "agent").id
  }

  /** What waits for somebody to look, the newest first. */
  async outbox(query: OutboxQuery): Promise<Outbox> {
    const { agentId, principal, limit, textCharacters = Number.POSITIVE_INFINITY } = query
    const ours = await this.#options.store.replies.outbox({ ...query, limit: limit + 1 })
    // They belong to nobody in particular.
    const all = principal !== null && !query.includesNobodys ? nothing : await this.#allOlder()
    const older = all.replies
      .filter((reply) => agentId === null || reply.agentId === agentId)
      .map((reply) => ({ ...reply, text: reply.text.slice(0, textCharacters) }))
    const found = [...ours, ...older].sort((one, other) => other.createdAt - one.createdAt)
    // Whose those are that are not listed, nobody has read.
    const mayHaveMore = all.hasMore && (agentId === null || older.length > 0)
    return { replies: found.slice(0, limit), hasMore: found.length > limit || mayHaveMore }
  }

  #allOlder(): Promise<OlderReplies> {
    this.#older ??= this.#options.older?.() ?? Promise.resolve(nothing)
    return this.#older
  }

  /** Rejects with `reply_not_found`. */
  async remove(id: string, principal: string, includesNobodys: boolean): Promise<void> {
    if (await this.#options.store.replies.removeFromOutbox(id, principal, includesNobodys)) return
    const file = includesNobodys
      ? (await this.#allOlder()).replies.find((reply) => reply.id === id)?.file
      : undefined
    if (file !== undefined) {
      const message = `Release 0.2.0 has left this message in ${file} of the home, which is not ours to remove.`
      throw new ProxyError("reply_not_found", message)
    }
    throw new ProxyError("reply_not_found", `There is no message '${id.slice(0, 100)}' in the outbox.`)
  }

  async #deliverOnce(reply: AgentReply, clientId: string, principal: string | null): Promise<ReplyRecord> {
    const earlier = await this.#options.store.replies.findByClientId(reply.agentId, clientId)
    return earlier ?? this.#deliver(reply, principal)
  }

  async #deliver(reply: AgentReply, principal: string | null): Promise<ReplyRecord> {
    const { store, engine, now } = this.#options
    const { turn, ...target } = await this.#targetOf(reply, principal)
    const { agentId, clientId, text, isFinal, sent } = reply
    // Kept before it is handed on: whatever happens then, it is not lost.
    const record: KeptReply = {
      id: newId("rep_"),
      agentId,
      clientId,
      ...target,
      text,
      isFinal,
      delivery: "outbox",
      sent,
      createdAt: now(),
    }
    await store.replies.insert(record)
    if (turn !== null && (await engine.say(turn.responseId, text, isFinal))) {
      return this.#delivered(record, "turn")
    }
    const { principal: owner, conversationId } = target
    if (owner === null || conversationId === null) return record
    await engine.conversations.addItems(owner, conversationId, [
      textMessage(newId("msg_"), "assistant", text),
    ])
    return this.#delivered(record, "conversation")
  }

  async #delivered(record: ReplyRecord, delivery: ReplyRecord["delivery"]): Promise<ReplyRecord> {
    await this.#options.store.replies.setDelivery(record.id, delivery)
    return { ...record, delivery }
  }

  async #targetOf(reply: AgentReply, principal: string | null): Promise<Target> {
    const { agentId, responseId, conversationId, nativeThread } = reply
    const running = this.#options.engine
      .runningTurns(agentId)
      .filter((turn) => principal === null || turn.principal === principal)
    if (responseId !== null) {
      const turn = running.find((one) => one.responseId === responseId)
      return turn === undefined ? this.#finished(agentId, responseId, principal) : targetOfTurn(turn)
    }
    if (conversationId !== null) {
      const turn = running.findLast((one) => one.conversationId === conversationId)
      return turn === undefined
        ? this.#inConversation(agentId, conversationId, principal)
        : targetOfTurn(turn)
    }
    const inThread = nativeThread === null ? [] : running.filter((one) => one.nativeThread === nativeThread)
    // A word that comes when its turn is over must not get into the turn of somebody else.
    if (nativeThread !== null && inThread.length === 0) {
      const late = await this.#ofThread(agentId, nativeThread, principal)
      if (late !== null) return late
    }
    const meant = inThread.length > 0 ? inThread : running
    // That release knew no turns, and kept it.
    if (meant.length > 1 && reply.sent !== null) return { ...nobodys, principal }
    if (meant.length > 1) {
      const ids = meant.map((turn) => turn.responseId).join(", ")
      throw new ProxyError(
        "invalid_request",
        `${agentId} has ${meant.length} turns running. Say with 'response_id' which one is meant: ${ids}.`,
        { param: "response_id" },
      )
    }
    const [turn] = meant
    return turn === undefined ? { ...nobodys, principal } : targetOfTurn(turn)
  }

  /** Null: the ledger does not know it by that name, which some programs tell at their end. */
  async #ofThread(agentId: string, nativeThread: string, principal: string | null): Promise<Target | null> {
    const owner = await this.#options.store.replies.findThreadOwner(this.#keyOf(agentId), nativeThread)
    if (owner === null || (principal !== null && owner.principal !== principal)) return null
    return { ...owner, responseId: null, turn: null }
  }

  async #finished(agentId: string, responseId: string, principal: string | null): Promise<Target> {
    const { store } = this.#options
    const turn = await store.findTurnOfResponse(responseId)
    const thread = turn === null ? null : await store.findThread(turn.threadId)
    const { identity } = this.#keyOf(agentId)
    const isOfAgent = thread?.agentId === agentId && thread.agentIdentity === identity
    const isTheirs = isOfAgent && (principal === null || thread.principal === principal)
    if (turn === null || thread === null || !isTheirs) {
      const problem = `Response with id '${responseId.slice(0, 100)}' not found.`
      throw new ProxyError("response_not_found", problem, { param: "response_id" })
    }
    return { principal: thread.principal, responseId, conversationId: turn.conversationId, turn: null }
  }

  #keyOf(agentId: string): AgentKey {
    return { id: agentId, identity: this.#options.engine.identityOf(agentId) ?? agentId }
  }

  /** An agent may write to conversations that it has answered in, a client to its own. */
  async #inConversation(agentId: string, conversationId: string, principal: string | null): Promise<Target> {
    const { replies, conversations } = this.#options.store
    const owner =
      principal === null
        ? await replies.findConversationOwner(this.#keyOf(agentId), conversationId)
        : ((await conversations.find(principal, conversationId))?.principal ?? null)
    if (owner === null) {
      const problem = `Conversation with id '${conversationId.slice(0, 100)}' not found.`
      throw new ProxyError("conversation_not_found", problem, { param: "conversation" })
    }
    return { principal: owner, responseId: null, conversationId, turn: null }
  }
}

/**
 * What one sender has named "1" is no answer to the "1" of another: not to that of another key, and
 * not to that of an agent which had the name before. An agent of before identities has its id for
 * one.
 */
function ownNameOf(
  { agentId }: AgentReply,
  clientId: string,
  principal: string | null,
  identity: string,
): string {
  const parts = [...(principal === null ? [] : [principal]), ...(identity === agentId ? [] : [{ identity }])]
  return parts.length === 0 ? clientId : JSON.stringify([...parts, clientId])
}

function targetOfTurn(turn: TurnNow): Target {
  const { principal, responseId, conversationId } = turn
  return { principal, responseId, conversationId, turn }
}
