import type { AgentKey } from "./agents.ts"

/**
 * Where a text went that an agent said outside its CLI's output: into a turn that was waiting for
 * it, behind the items of a conversation, or nowhere: it is kept until somebody looks.
 */
export const replyDeliveries = ["turn", "conversation", "outbox"] as const
export type ReplyDelivery = (typeof replyDeliveries)[number]

/** What came with a reply in the form of release 0.2.0. */
export interface SentReply {
  readonly event: string | null
  readonly taskId: string | null
  /** True: `data` was no text, and the reply's text is its JSON. */
  readonly isJson: boolean
  readonly metadata: Readonly<Record<string, unknown>> | null
}

/** What an agent said by `POST /agent-reply`. */
export interface ReplyRecord {
  /** `rep_...` */
  readonly id: string
  readonly agentId: string
  /** The sender's own name of it, among those of the agent: the same again is no second text. */
  readonly clientId: string | null
  /** Whose conversation or response it belongs to; null: nobody's in particular. */
  readonly principal: string | null
  readonly responseId: string | null
  readonly conversationId: string | null
  /** Null: it was taken out of the outbox, and is kept no more. */
  readonly text: string | null
  readonly isFinal: boolean
  readonly delivery: ReplyDelivery
  /** Null: it was sent in our own form. */
  readonly sent: SentReply | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** One that was not taken out of its outbox. */
export type KeptReply = ReplyRecord & { readonly text: string }

/** Which messages of the outboxes. */
export interface OutboxQuery {
  /** Null: of all agents. */
  readonly agentId: string | null
  /** Whose; null: everybody's. */
  readonly principal: string | null
  /** Beside those of the principal those that belong to nobody in particular. */
  readonly includesNobodys: boolean
  readonly limit: number
  /** Beginnings of the texts only: a text may have a million characters. Default: all of each. */
  readonly textCharacters?: number
}

/** The part of the ledger that keeps what agents said by themselves. */
export interface ReplyStore {
  /** False: the agent has used that `clientId` before, and nothing is changed. */
  insert(reply: KeptReply): Promise<boolean>
  findByClientId(agentId: string, clientId: string): Promise<ReplyRecord | null>
  setDelivery(id: string, delivery: ReplyDelivery): Promise<void>
  /** What waits in the outboxes, the newest first. */
  outbox(query: OutboxQuery): Promise<readonly KeptReply[]>
  /**
   * Takes a message of the principal out of its outbox, with its text; its `clientId` stays taken.
   * False: there is none, or it is somebody else's.
   */
  removeFromOutbox(id: string, principal: string, includesNobodys: boolean): Promise<boolean>
  /** The principal of a conversation that this agent has answered in; null: there is none. */
  findConversationOwner(agent: AgentKey, conversationId: string): Promise<string | null>
  /** Of the thread that its CLI knows so, with the conversation of its last turn; null: none. */
  findThreadOwner(
    agent: AgentKey,
    nativeThread: string,
  ): Promise<{ readonly principal: string; readonly conversationId: string | null } | null>
  /** Those that are older, the oldest first, of all there are a tenth and ten more at the most. */
  deleteBefore(time: number): Promise<void>
}
