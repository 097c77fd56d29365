import { hash } from "node:crypto"
import { parseExact } from "../../domain/exact-numbers.ts"
import type { FunctionTool } from "../../domain/items.ts"
import type { NativeState } from "../../domain/store.ts"
import type { LedgerDatabase } from "./ledger-database.ts"
import { type Columns, Row } from "./row.ts"

/** Others are stored with their thread. The service has some ten, which change with releases. */
const maxTools = 1_000

/** The tools of a thread as its row has them: of one that is shared its key, a text. */
export interface WrittenTools {
  readonly json: string
  /** To be called once the transaction is committed. */
  readonly stored: () => void
}

/** A tool that is stored under `key`. */
interface Shared {
  readonly key: string
  readonly tool: FunctionTool
}

/**
 * The tools of the service, which every thread has: each is stored once. Written out with each
 * thread they were half of the ledger. The client's own functions stay with its thread.
 */
export class SharedTools {
  readonly #ledger: LedgerDatabase
  readonly #byJson = new Map<string, Shared>()
  readonly #byKey = new Map<string, Shared>()
  /**
   * By the schema, which the service hands over anew with each thread, and which stays the same: it
   * need not be written to be known.
   */
  readonly #bySchema = new WeakMap<FunctionTool["parameters"], Shared>()

  constructor(ledger: LedgerDatabase) {
    this.#ledger = ledger
    for (const columns of ledger.all("findSharedTools")) {
      const row = new Row(columns, "a tool of the service")
      this.#keep(row.text("json"), { key: row.text("key"), tool: row.jsonObject<FunctionTool>("json") })
    }
  }

  /** To be called within the transaction that stores the thread. */
  write(tools: readonly FunctionTool[]): WrittenTools {
    const added = new Map<string, Shared>()
    const texts = tools.map((tool) => this.#write(tool, added))
    return {
      json: `[${texts.join(",")}]`,
      stored: () => {
        for (const [json, shared] of added) this.#keep(json, shared)
      },
    }
  }

  #write(tool: FunctionTool, added: Map<string, Shared>): string {
    const seen = this.#bySchema.get(tool.parameters)
    if (seen !== undefined && isSame(seen.tool, tool)) return JSON.stringify(seen.key)
    const json = JSON.stringify(tool)
    const known = this.#byJson.get(json)
    if (known !== undefined) {
      this.#bySchema.set(tool.parameters, { key: known.key, tool })
      return JSON.stringify(known.key)
    }
    if (tool.owner === undefined || this.#byJson.size + added.size >= maxTools) return json
    const key = `${tool.owner} ${tool.name} ${hash("sha256", json, "base64url").slice(0, 12)}`
    this.#ledger.run("saveSharedTool", key, json)
    added.set(json, { key, tool })
    // A row may be read before `stored` is called; one that is undone is read by nobody.
    this.#byKey.set(key, { key, tool })
    return JSON.stringify(key)
  }

  #keep(json: string, shared: Shared): void {
    this.#byJson.set(json, shared)
    this.#byKey.set(shared.key, shared)
  }

  /** Of a native thread's row. Null: one of its tools is not known. */
  stateOf(columns: Columns): NativeState | null {
    const row = new Row(columns, `the native thread of ${String(columns.thread_id)}`)
    const written = row.jsonArray<FunctionTool | string>("tools", parseExact)
    const tools = written.flatMap((tool) =>
      typeof tool === "string" ? (this.#byKey.get(tool)?.tool ?? []) : tool,
    )
    if (tools.length < written.length) return null
    return { instructions: row.textOrNull("instructions"), tools, note: row.textOrNull("note") }
  }
}

/** Of two with the same schema. */
function isSame(one: FunctionTool, other: FunctionTool): boolean {
  return one.name === other.name && one.owner === other.owner && one.description === other.description
}
