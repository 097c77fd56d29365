import { once } from "node:events"
import type { ServerResponse } from "node:http"
import { setTimeout as delay } from "node:timers/promises"
import type { JsonObject } from "./wire.ts"

/** Server-sent events on one response. What is written after the reader has gone throws. */
export class EventStream {
  readonly #response: ServerResponse
  readonly #closed = new AbortController()

  constructor(response: ServerResponse) {
    this.#response = response
    response.once("close", () => this.#closed.abort())
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" })
  }

  get isClosed(): boolean {
    return this.#closed.signal.aborted
  }

  /** False: the reader is behind. */
  write(type: string, fields: JsonObject): boolean {
    return this.#response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`)
  }

  /** An event without a name. Waits while the reader is behind. */
  async writeData(data: JsonObject): Promise<void> {
    const { signal } = this.#closed
    signal.throwIfAborted()
    if (!this.#response.write(`data: ${JSON.stringify(data)}\n\n`)) {
      await once(this.#response, "drain", { signal })
    }
  }

  /** Waits while the reader is behind, so that a hundred thousand deltas do not pile up here. */
  async writeDelta(type: string, fields: JsonObject): Promise<void> {
    const { signal } = this.#closed
    signal.throwIfAborted()
    if (!this.write(type, fields)) await once(this.#response, "drain", { signal })
  }

  async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closed.signal })
  }

  /** Breaks the connection off once all that was written has left the process. */
  async cut(): Promise<void> {
    await new Promise<void>((resolve) => this.#response.write(": cut\n\n", () => resolve()))
    this.#response.destroy()
  }
}
