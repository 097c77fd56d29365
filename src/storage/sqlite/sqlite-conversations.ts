import type {
  ConversationItem,
  ConversationRecord,
  ConversationStore,
  Metadata,
} from "../../domain/conversations.ts"
import type { Item } from "../../domain/items.ts"
import type { Page, PageRequest } from "../../domain/pages.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { CompletionFilter, CompletionStore } from "../../domain/store.ts"
import type { LedgerDatabase } from "./ledger-database.ts"
import { conversationItemOf, conversationOf, outputItems, responseOf, turnOf } from "./records.ts"
import { type Columns, Row } from "./row.ts"

/** In tables beside the ledger's turns. See `ConversationStore` for the promises. */
export class SqliteConversations implements ConversationStore {
  readonly #ledger: LedgerDatabase

  constructor(ledger: LedgerDatabase) {
    this.#ledger = ledger
  }

  async insert(conversation: ConversationRecord, items: readonly Item[]): Promise<void> {
    this.#ledger.transaction("begin immediate", () => {
      const metadata = JSON.stringify(conversation.metadata)
      this.#ledger.run("insertConversation", { ...conversation, metadata })
      this.#append(conversation.id, items, null)
    })
  }

  async find(principal: string, id: string): Promise<ConversationRecord | null> {
    return this.#ledger.findOne("findConversation", conversationOf, id, principal)
  }

  async setMetadata(principal: string, id: string, metadata: Metadata): Promise<boolean> {
    return this.#ledger.write("setConversationMetadata", JSON.stringify(metadata), id, principal) > 0
  }

  async remove(principal: string, id: string): Promise<boolean> {
    return this.#ledger.write("deleteConversation", id, principal) > 0
  }

  async addItems(principal: string, id: string, items: readonly Item[]): Promise<boolean> {
    return this.#ledger.transaction("begin immediate", () => {
      if (this.#ledger.run("setConversationHead", null, id, principal) === 0) return false
      this.#append(id, items, null)
      return true
    })
  }

  async findItem(principal: string, id: string, itemId: string): Promise<ConversationItem | null> {
    return this.#ledger.findOne("findConversationItem", conversationItemOf, id, itemId, principal)
  }

  async removeItem(principal: string, id: string, itemId: string): Promise<boolean> {
    return this.#ledger.transaction("begin immediate", () => {
      if (this.#ledger.findOne("findConversationItem", conversationItemOf, id, itemId, principal) === null) {
        return false
      }
      this.#ledger.run("deleteConversationItem", id, itemId)
      this.#ledger.run("setConversationHead", null, id, principal)
      return true
    })
  }

  async listItems(principal: string, id: string, page: PageRequest): Promise<Page<ConversationItem> | null> {
    return this.#ledger.transaction("begin", () => {
      if (this.#ledger.findOne("findConversation", conversationOf, id, principal) === null) return null
      const start = page.after === null ? startOf(page) : this.#positionOf(id, page.after)
      if (start === null) return null
      const name = page.order === "asc" ? "listConversationItems" : "listConversationItemsNewestFirst"
      const rows = this.#ledger.all(name, id, start, page.limit + 1)
      return {
        entries: rows.slice(0, page.limit).map(conversationItemOf),
        hasMore: rows.length > page.limit,
      }
    })
  }

  async allItems(id: string): Promise<readonly Item[]> {
    return this.#ledger.all("allConversationItems", id).map((columns) => conversationItemOf(columns).item)
  }

  /** The newest turn of the conversation from now on. Within the transaction of the caller. */
  begin(principal: string, id: string, turnId: string): void {
    this.#ledger.run("setConversationHead", turnId, id, principal)
  }

  /** What a turn brought stands before whatever its client adds while it runs. As `begin`. */
  start(turnId: string): void {
    const [columns] = this.#ledger.all("findConversationTurn", turnId)
    if (columns === undefined) return
    const id = new Row(columns, `turn ${turnId}`).text("conversation_id")
    this.#append(id, turnOf(columns).input, null)
  }

  /**
   * Puts what a turn brought and made behind the items of its conversation, if it is part of one
   * that is still there. What the turn knew from the conversation itself is not added twice. Within
   * the transaction of the caller.
   */
  end(turnId: string): void {
    const [columns] = this.#ledger.all("findConversationTurn", turnId)
    if (columns === undefined) return
    const row = new Row(columns, `turn ${turnId}`)
    const id = row.text("conversation_id")
    this.#append(id, turnOf(columns).input, null)
    // A call that was cut short is nothing that anybody could answer: it would bar the way.
    const isWhole = (item: Item) => item.type !== "function_call" || item.status !== "incomplete"
    this.#append(id, outputItems(turnId, this.#ledger).filter(isWhole), row.text("agent_id"))
  }

  #append(id: string, items: readonly Item[], agentId: string | null): void {
    for (const item of items) {
      this.#ledger.run("insertConversationItem", id, item.id, agentId, JSON.stringify(item), id)
    }
  }

  #positionOf(id: string, itemId: string): number | null {
    const [columns] = this.#ledger.all("findConversationPosition", id, itemId)
    return columns === undefined ? null : new Row(columns, `item ${itemId}`).integer("position")
  }
}

function startOf({ order }: PageRequest): number {
  return order === "asc" ? -1 : Number.MAX_SAFE_INTEGER
}

/** Responses of the kind `chat`. See `CompletionStore` for the promises. */
export class SqliteCompletions implements CompletionStore {
  readonly #ledger: LedgerDatabase

  constructor(ledger: LedgerDatabase) {
    this.#ledger = ledger
  }

  async list(
    principal: string,
    filter: CompletionFilter,
    page: PageRequest,
  ): Promise<Page<ResponseRecord> | null> {
    return this.#ledger.transaction("begin", () => {
      const start = page.after === null ? startPlaceOf(page) : this.#placeOf(principal, page.after)
      if (start === null) return null
      const name = page.order === "asc" ? "listCompletions" : "listCompletionsNewestFirst"
      const metadata = JSON.stringify(filter.metadata)
      const { agentId } = filter
      const rows = this.#ledger.all(name, { principal, ...start, agentId, metadata, limit: page.limit + 1 })
      const entries = rows.slice(0, page.limit).map((columns) => responseOf(columns, this.#ledger))
      return { entries, hasMore: rows.length > page.limit }
    })
  }

  async setMetadata(principal: string, id: string, metadata: Metadata): Promise<boolean> {
    return this.#ledger.write("setCompletionMetadata", JSON.stringify(metadata), id, principal) > 0
  }

  #placeOf(principal: string, id: string): Place | null {
    const placeOf = (columns: Columns) => {
      const row = new Row(columns, `response ${id}`)
      return { createdAt: row.integer("created_at"), rowNumber: row.integer("row_number") }
    }
    return this.#ledger.findOne("findCompletionPlace", placeOf, id, principal)
  }
}

/** Times alone are not unique. */
type Place = Readonly<Record<"createdAt" | "rowNumber", number>>

function startPlaceOf(page: PageRequest): Place {
  const number = startOf(page)
  return { createdAt: number, rowNumber: number }
}
