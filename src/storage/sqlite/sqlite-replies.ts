import type { AgentKey } from "../../domain/agents.ts"
import type {
  KeptReply,
  OutboxQuery,
  ReplyDelivery,
  ReplyRecord,
  ReplyStore,
  SentReply,
} from "../../domain/replies.ts"
import type { LedgerDatabase } from "./ledger-database.ts"
import { Row } from "./row.ts"

const deliveries = ["turn", "conversation", "outbox"] as const satisfies readonly ReplyDelivery[]

/** See `ReplyStore` for the promises. */
export class SqliteReplies implements ReplyStore {
  readonly #ledger: LedgerDatabase

  constructor(ledger: LedgerDatabase) {
    this.#ledger = ledger
  }

  async insert(reply: KeptReply): Promise<boolean> {
    return this.#ledger.transaction("begin immediate", () => {
      const changes = this.#ledger.run(
        "insertReply",
        reply.id,
        reply.agentId,
        reply.clientId,
        reply.principal,
        reply.responseId,
        reply.conversationId,
        reply.text,
        Number(reply.isFinal),
        reply.delivery,
        reply.createdAt,
        reply.sent === null ? null : JSON.stringify(reply.sent),
      )
      return changes > 0
    })
  }

  async findByClientId(agentId: string, clientId: string): Promise<ReplyRecord | null> {
    return this.#ledger.findOne("findReply", replyOf, agentId, clientId)
  }

  async setDelivery(id: string, delivery: ReplyDelivery): Promise<void> {
    this.#ledger.transaction("begin immediate", () => this.#ledger.run("setReplyDelivery", delivery, id))
  }

  async outbox(query: OutboxQuery): Promise<readonly KeptReply[]> {
    const { agentId, principal, includesNobodys, limit, textCharacters = null } = query
    const nobodys = Number(includesNobodys)
    return this.#ledger
      .all(
        "listOutbox",
        textCharacters,
        textCharacters,
        agentId,
        agentId,
        principal,
        principal,
        nobodys,
        limit,
      )
      .map(keptReplyOf)
  }

  async removeFromOutbox(id: string, principal: string, includesNobodys: boolean): Promise<boolean> {
    return this.#ledger.transaction("begin immediate", () => {
      return this.#ledger.run("removeFromOutbox", id, principal, Number(includesNobodys)) > 0
    })
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
    this.#ledger.transaction("begin immediate", () => this.#ledger.run("deleteRepliesBefore", time))
  }
}

function replyOf(columns: ConstructorParameters<typeof Row>[0]): ReplyRecord {
  const reply = keptReplyOf(columns)
  const isRemoved = new Row(columns, `reply ${reply.id}`).flag("is_removed")
  return isRemoved ? { ...reply, text: null } : reply
}

function keptReplyOf(columns: ConstructorParameters<typeof Row>[0]): KeptReply {
  const row = new Row(columns, `reply ${String(columns.id)}`)
  const sent = row.textOrNull("sent")
  return {
    id: row.text("id"),
    agentId: row.text("agent_id"),
    clientId: row.textOrNull("client_id"),
    principal: row.textOrNull("principal"),
    responseId: row.textOrNull("response_id"),
    conversationId: row.textOrNull("conversation_id"),
    text: row.text("text"),
    isFinal: row.flag("is_final"),
    delivery: row.oneOf("delivery", deliveries),
    // Written by us only.
    sent: sent === null ? null : (JSON.parse(sent) as SentReply),
    createdAt: row.integer("created_at"),
  }
}
