import type { Wire } from "./wire-validity.ts"

/** One request of a client, and what the service answered. */
export interface Exchange {
  readonly method: string
  readonly url: URL
  /** The JSON that was sent; null: none. */
  readonly request: Wire
  readonly status: number
  readonly headers: Headers
  /** The whole body; null: the connection ended early (the client left, or the service cut it). */
  readonly body: string | null
}

export interface RecordingFetch {
  readonly fetch: typeof globalThis.fetch
  /** Resolves when all bodies are in. */
  exchanges(): Promise<readonly Exchange[]>
  clear(): void
}

/** A `fetch` for client libraries that keeps what went over the wire. */
export function recordingFetch(): RecordingFetch {
  let recorded: Promise<Exchange>[] = []
  return {
    fetch: async (input, init) => {
      const request = new Request(input, init)
      // The official client asks for `data:,` before an upload, to see what this `fetch` answers with.
      if (request.url.startsWith("data:")) return globalThis.fetch(request)
      const sent = await request.clone().text()
      const response = await globalThis.fetch(request)
      const copy = response.clone()
      const exchange = async (): Promise<Exchange> => ({
        method: request.method,
        url: new URL(request.url),
        request: sent.startsWith("{") ? JSON.parse(sent) : null,
        status: response.status,
        headers: response.headers,
        // A client that leaves ends its copy too, which is no fault of the stream.
        body: await copy.text().catch(() => null),
      })
      recorded.push(exchange())
      return response
    },
    exchanges: () => Promise.all(recorded),
    clear: () => {
      recorded = []
    },
  }
}
