import type { Item } from "./items.ts"
import type { Page, PageRequest } from "./pages.ts"

/** Up to 16 short texts that a client keeps beside an object of ours. */
export type Metadata = Readonly<Record<string, string>>

/** The API's conversation: items in order, made by its client or by the turns that ran in it. */
export interface ConversationRecord {
  /** `conv_...` */
  readonly id: string
  readonly principal: string
  readonly metadata: Metadata
  /**
   * The newest turn, whose thread holds exactly the items. Null: there was none yet, or the client
   * has added or deleted items since, so that no thread holds them.
   */
  readonly headTurnId: string | null
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

export interface ConversationItem {
  readonly item: Item
  /** Who made it, where a turn did; null: the client. */
  readonly agentId: string | null
}

/**
 * The part of the ledger that holds conversations. Items of a turn come in with
 * `Store.saveProgress` when the turn ends, in the same transaction. Methods that take a principal
 * treat another's conversation as one that is not there.
 */
export interface ConversationStore {
  insert(conversation: ConversationRecord, items: readonly Item[]): Promise<void>
  find(principal: string, id: string): Promise<ConversationRecord | null>
  /** False: there is none. */
  setMetadata(principal: string, id: string, metadata: Metadata): Promise<boolean>
  /** With its items; turns and responses stay. False: there was none. */
  remove(principal: string, id: string): Promise<boolean>
  /** To the end; forgets the head: no thread holds these. False: no such conversation. */
  addItems(principal: string, id: string, items: readonly Item[]): Promise<boolean>
  findItem(principal: string, id: string, itemId: string): Promise<ConversationItem | null>
  /** Forgets the head as well. False: there was no such item. */
  removeItem(principal: string, id: string, itemId: string): Promise<boolean>
  /** Null: no conversation, or `after` is none of its items; a deleted one is a cursor still. */
  listItems(principal: string, id: string, page: PageRequest): Promise<Page<ConversationItem> | null>
  /** All of them, oldest first. */
  allItems(id: string): Promise<readonly Item[]>
}
