import type { AgentKey } from "../../domain/agents.ts"
import {
  type KeptReply,
  type OutboxQuery,
  type ReplyDelivery,
  type ReplyRecord,
  type ReplyStore,
  replyDeliveries,
  type SentReply,
} from "../../domain/replies.ts"
import type { LedgerDatabase } from "./ledger-database.ts"
import { jsonColumn } from "./records.ts"
import { type Columns, Row } from "./row.ts"

/** See `ReplyStore` for the promises. */
export class SqliteReplies implements ReplyStore {
  readonly #ledger: LedgerDatabase

  constructor(ledger: LedgerDatabase) {
    this.#ledger = ledger
  }

  async insert(reply: KeptReply): Promise<boolean> {
    const isFinal = Number(reply.isFinal)
    return this.#ledger.write("insertReply", { ...reply, isFinal, sent: jsonColumn(reply.sent) }) > 0
  }

  async findByClientId(agentId: string, clientId: string): Promise<ReplyRecord | null> {
    return this.#ledger.findOne("findReply", replyOf, agentId, clientId)
  }

  async setDelivery(id: string, delivery: ReplyDelivery): Promise<void> {
    this.#ledger.write("setReplyDelivery", delivery, id)
  }

  async outbox(query: OutboxQuery): Promise<readonly KeptReply[]> {
    const { textCharacters = null } = query
    const includesNobodys = Number(query.includesNobodys)
    return this.#ledger.all("listOutbox", { ...query, textCharacters, includesNobodys }).map(keptReplyOf)
  }

  async removeFromOutbox(id: string, principal: string, includesNobodys: boolean): Promise<boolean> {
    return this.#ledger.write("removeFromOutbox", id, principal, Number(includesNobodys)) > 0
  }

  async findConversationOwner({ id, identity }: AgentKey, conversationId: string): Promise<string | null> {
    return this.#ledger.findOne(
      "findConversationOwner",
      (columns) => new Row(columns, `conversation ${conversationId}`).text("principal"),
      conversationId,
      id,
      identity,
    )
  }

  async findThreadOwner({ id, identity }: AgentKey, nativeThread: string) {
    return this.#ledger.findOne(
      "findThreadOwner",
      (columns) => {
        const row = new Row(columns, `thread ${nativeThread}`)
        return { principal: row.text("principal"), conversationId: row.textOrNull("conversation_id") }
      },
      id,
      nativeThread,
      identity,
    )
  }

  async deleteBefore(time: number): Promise<void> {
    this.#ledger.write("deleteRepliesBefore", time)
  }
}

function replyOf(columns: Columns): ReplyRecord {
  const reply = keptReplyOf(columns)
  const isRemoved = new Row(columns, `reply ${reply.id}`).flag("is_removed")
  return isRemoved ? { ...reply, text: null } : reply
}

function keptReplyOf(columns: Columns): KeptReply {
  const row = new Row(columns, `reply ${String(columns.id)}`)
  return {
    id: row.text("id"),
    agentId: row.text("agent_id"),
    clientId: row.textOrNull("client_id"),
    principal: row.textOrNull("principal"),
    responseId: row.textOrNull("response_id"),
    conversationId: row.textOrNull("conversation_id"),
    text: row.text("text"),
    isFinal: row.flag("is_final"),
    delivery: row.oneOf("delivery", replyDeliveries),
    sent: row.jsonObjectOrNull<SentReply>("sent"),
    createdAt: row.integer("created_at"),
  }
}
