import type { Metadata } from "../../domain/conversations.ts"
import type { Page, PageRequest } from "../../domain/pages.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import type { CompletionFilter, CompletionStore } from "../../domain/store.ts"
import type { LedgerDatabase } from "./ledger-database.ts"
import { itemsOf, responseOf } from "./records.ts"
import { Row } from "./row.ts"

/**
 * Stored chat completions, which are responses of the kind `chat`. See `CompletionStore` for the
 * promises.
 */
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
      const start = page.after === null ? startOf(page) : this.#placeOf(principal, page.after)
      if (start === null) return null
      const rows = this.#ledger.all(
        page.order === "asc" ? "listCompletions" : "listCompletionsNewestFirst",
        principal,
        ...start,
        filter.agentId,
        filter.agentId,
        JSON.stringify(filter.metadata),
        page.limit + 1,
      )
      const entries = rows.slice(0, page.limit).map((columns) => {
        const turnId = new Row(columns, `response ${String(columns.id)}`).text("turn_id")
        return responseOf(columns, itemsOf(this.#ledger.all("findItems", turnId, "output"), turnId))
      })
      return { entries, hasMore: rows.length > page.limit }
    })
  }

  async setMetadata(principal: string, id: string, metadata: Metadata): Promise<boolean> {
    return this.#ledger.transaction(
      "begin immediate",
      () => this.#ledger.run("setCompletionMetadata", JSON.stringify(metadata), id, principal) > 0,
    )
  }

  /** Creation time and row number: times alone are not unique. */
  #placeOf(principal: string, id: string): [number, number] | null {
    const [columns] = this.#ledger.all("findCompletionPlace", id, principal)
    if (columns === undefined) return null
    const row = new Row(columns, `response ${id}`)
    return [row.integer("created_at"), row.integer("row_number")]
  }
}

function startOf({ order }: PageRequest): [number, number] {
  return order === "asc" ? [-1, -1] : [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
}
