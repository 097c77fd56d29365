import type { Metadata } from "../../domain/conversations.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { Item } from "../../domain/items.ts"
import type { Page, PageRequest } from "../../domain/pages.ts"
import type { LiveResponse } from "../../domain/response-log.ts"
import { isFinished, type ResponseKind, type ResponseRecord } from "../../domain/responses.ts"
import type { CompletionFilter, Store } from "../../domain/store.ts"
import type { Completions } from "../engine.ts"
import { RestoredResponses } from "../log/restored-responses.ts"
import type { UnstoredEnds } from "../log/unstored-ends.ts"
import type { Parking } from "../turn/parking.ts"

/** Those that run as they are now, others from the ledger. `Engine` has the promises. */
export class StoredResponses {
  readonly #store: Store
  readonly #parking: Parking
  /** What readers share. */
  readonly restored = new RestoredResponses()
  readonly #unstored: UnstoredEnds
  readonly #running: (id: string) => LiveResponse | undefined

  constructor(
    store: Store,
    parking: Parking,
    unstored: UnstoredEnds,
    running: (id: string) => LiveResponse | undefined,
  ) {
    this.#store = store
    this.#parking = parking
    this.#unstored = unstored
    this.#running = running
  }

  async retrieve(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord> {
    const live = this.#live(principal, kind, id)
    const record = live?.record ?? (await this.#store.findResponse(principal, id))
    if (record === null || record.kind !== kind) throw notFound(id)
    return record
  }

  async reopen(principal: string, kind: ResponseKind, id: string): Promise<LiveResponse> {
    const live = this.#live(principal, kind, id)
    if (live !== null) return live
    const record = await this.retrieve(principal, kind, id)
    return this.restored.open(record, () => this.#store.readLog(id))
  }

  async cancel(principal: string, kind: ResponseKind, id: string): Promise<ResponseRecord> {
    const live = await this.reopen(principal, kind, id)
    if (!live.record.isBackground) {
      throw new ProxyError(
        "invalid_request",
        "Only a response that was created with 'background' can be cancelled; any other ends with its client.",
      )
    }
    live.cancel()
    return live.finished
  }

  async inputItems(principal: string, kind: ResponseKind, id: string): Promise<readonly Item[]> {
    const record = await this.retrieve(principal, kind, id)
    const turn = await this.#store.findTurnOfResponse(record.id)
    if (turn === null) throw notFound(id)
    const past = turn.parentTurnId === null ? [] : await this.#store.lineage(turn.parentTurnId)
    return [...past.flatMap(({ input, output }) => [...input, ...output]), ...turn.input]
  }

  async remove(principal: string, kind: ResponseKind, id: string): Promise<void> {
    const live = this.#live(principal, kind, id)
    live?.cancel()
    await live?.finished
    const turn =
      (await this.#store.findResponse(principal, id)) === null
        ? null
        : await this.#store.findTurnOfResponse(id)
    if (!(await this.#store.deleteResponse(principal, kind, id))) throw notFound(id)
    this.#unstored.forget(id)
    // Nobody can send the outputs any more that it may wait for.
    if (turn !== null) await this.#parking.evictTurn(turn.id)
  }

  #live(principal: string, kind: ResponseKind, id: string): LiveResponse | null {
    const live = this.#running(id)
    if (live === undefined) return null
    const { record } = live
    return record.principal === principal && record.kind === kind && record.isStored ? live : null
  }
}

function notFound(id: string): ProxyError {
  return new ProxyError("response_not_found", `Response with id '${id.slice(0, 100)}' not found.`)
}

/** In the ledger; making and deleting them is the engine's, as for all responses. */
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
