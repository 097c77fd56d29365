import type { CompletionFilter, Metadata, Page, PageRequest } from "../../domain/conversations.ts"
import { ProxyError } from "../../domain/errors.ts"
import { isFinished, type ResponseRecord } from "../../domain/responses.ts"
import type { Store } from "../../domain/store.ts"

/** What clients may ask of chat completions that they had stored: those that ended with an answer. */
export interface Completions {
  /** Rejects with `response_not_found`, as all of these, and while the agent still works on it. */
  retrieve(principal: string, id: string): Promise<ResponseRecord>
  /** Rejects with `invalid_request` when `after` names none. */
  list(principal: string, filter: CompletionFilter, page: PageRequest): Promise<Page<ResponseRecord>>
  /** The system and developer text that the completion was asked with. */
  instructionsOf(principal: string, id: string): Promise<string | null>
  /** Replaces the metadata. */
  update(principal: string, id: string, metadata: Metadata): Promise<ResponseRecord>
}

/** Stored completions in the ledger; making and deleting them is the engine's, as for all responses. */
export class LedgerCompletions implements Completions {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async retrieve(principal: string, id: string): Promise<ResponseRecord> {
    const record = await this.#store.findResponse(principal, id)
    const hasAnswer = record !== null && isFinished(record.status) && record.status !== "failed"
    if (!hasAnswer || record.kind !== "chat") throw completionNotFound(id)
    return record
  }

  async list(principal: string, filter: CompletionFilter, page: PageRequest): Promise<Page<ResponseRecord>> {
    const found = await this.#store.completions.list(principal, filter, page)
    if (found !== null) return found
    throw new ProxyError("invalid_request", "'after' names no stored chat completion.", { param: "after" })
  }

  async instructionsOf(principal: string, id: string): Promise<string | null> {
    await this.retrieve(principal, id)
    const turn = await this.#store.findTurnOfResponse(id)
    const thread = turn === null ? null : await this.#store.findThread(turn.threadId)
    return thread?.instructions ?? null
  }

  async update(principal: string, id: string, metadata: Metadata): Promise<ResponseRecord> {
    if (!(await this.#store.completions.setMetadata(principal, id, metadata))) throw completionNotFound(id)
    return this.retrieve(principal, id)
  }
}

function completionNotFound(id: string): ProxyError {
  return new ProxyError("response_not_found", `Chat completion with id '${id.slice(0, 100)}' not found.`)
}
