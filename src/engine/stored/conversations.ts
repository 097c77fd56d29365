import type {
  ConversationItem,
  ConversationRecord,
  ConversationStore,
  Metadata,
} from "../../domain/conversations.ts"
import { ProxyError } from "../../domain/errors.ts"
import { newId } from "../../domain/ids.ts"
import type { ClientItem } from "../../domain/input-reference.ts"
import type { Item } from "../../domain/items.ts"
import type { Page, PageRequest } from "../../domain/pages.ts"
import type { Conversations } from "../engine.ts"
import { conversationNotFound } from "../plan/conversation-head.ts"
import type { ConversationTurns } from "./conversation-turns.ts"

/** Gives the items of a client their content; see `resolveItems`. */
type ResolveItems = (principal: string, items: readonly ClientItem[]) => Promise<readonly Item[]>

/** Conversations in the ledger. Turns add to them on their own, see `Store.saveProgress`. */
export class LedgerConversations implements Conversations {
  readonly #store: ConversationStore
  readonly #turns: ConversationTurns
  readonly #resolve: ResolveItems
  readonly #now: () => number

  constructor(store: ConversationStore, turns: ConversationTurns, resolve: ResolveItems, now: () => number) {
    this.#store = store
    this.#turns = turns
    this.#resolve = resolve
    this.#now = now
  }

  async create(
    principal: string,
    metadata: Metadata,
    items: readonly ClientItem[],
  ): Promise<ConversationRecord> {
    const conversation: ConversationRecord = {
      id: newId("conv_"),
      principal,
      metadata,
      headTurnId: null,
      createdAt: this.#now(),
    }
    await this.#store.insert(conversation, await this.#resolve(principal, items))
    return conversation
  }

  async retrieve(principal: string, id: string): Promise<ConversationRecord> {
    const conversation = await this.#store.find(principal, id)
    if (conversation === null) throw conversationNotFound(id)
    return conversation
  }

  async update(principal: string, id: string, metadata: Metadata): Promise<ConversationRecord> {
    if (!(await this.#store.setMetadata(principal, id, metadata))) throw conversationNotFound(id)
    return this.retrieve(principal, id)
  }

  remove(principal: string, id: string): Promise<void> {
    return this.#turns.change(principal, id, async () => {
      if (!(await this.#store.remove(principal, id))) throw conversationNotFound(id)
    })
  }

  async addItems(principal: string, id: string, items: readonly ClientItem[]): Promise<readonly Item[]> {
    await this.retrieve(principal, id)
    const resolved = await this.#resolve(principal, items)
    await this.#turns.change(principal, id, async () => {
      if (!(await this.#store.addItems(principal, id, resolved))) throw conversationNotFound(id)
    })
    return resolved
  }

  async listItems(principal: string, id: string, page: PageRequest): Promise<Page<ConversationItem>> {
    await this.retrieve(principal, id)
    const found = await this.#store.listItems(principal, id, page)
    if (found !== null) return found
    throw new ProxyError("invalid_request", `'after' names no item of the conversation '${id}'.`, {
      param: "after",
    })
  }

  async retrieveItem(principal: string, id: string, itemId: string): Promise<ConversationItem> {
    await this.retrieve(principal, id)
    const found = await this.#store.findItem(principal, id, itemId)
    if (found === null) throw itemNotFound(itemId)
    return found
  }

  removeItem(principal: string, id: string, itemId: string): Promise<ConversationRecord> {
    return this.#turns.change(principal, id, async () => {
      await this.retrieve(principal, id)
      if (!(await this.#store.removeItem(principal, id, itemId))) throw itemNotFound(itemId)
      return this.retrieve(principal, id)
    })
  }
}

function itemNotFound(id: string): ProxyError {
  return new ProxyError("item_not_found", `Item with id '${id.slice(0, 100)}' not found.`)
}
