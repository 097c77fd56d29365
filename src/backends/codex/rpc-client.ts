import type { z } from "zod"
import type { Log } from "../../domain/log.ts"

export type RequestId = string | number

/** The app-server refused a request; `code` is its JSON-RPC code. */
export class RpcError extends Error {
  readonly code: number

  constructor(method: string, code: number, message: string) {
    super(`${method}: ${message}`)
    this.name = "RpcError"
    this.code = code
  }
}

/** No answer came: the process is gone, or silent for longer than the deadline. */
export class RpcLostError extends Error {
  readonly isTimeout: boolean

  constructor(message: string, isTimeout: boolean) {
    super(message)
    this.name = "RpcLostError"
    this.isTimeout = isTimeout
  }
}

export interface RpcHandlers {
  readonly write: (line: string) => void
  readonly onNotification: (method: string, params: unknown) => void
  readonly onRequest: (id: RequestId, method: string, params: unknown) => void
  /** A request went unanswered for longer than its deadline. */
  readonly onTimeout: (method: string) => void
  readonly log: Log
}

interface OpenRequest {
  readonly method: string
  readonly timer: NodeJS.Timeout
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** A program that writes this many is not what we take it for, and is replaced. */
const maxUnreadableLines = 1_000

/** JSON-RPC as the app-server speaks it: one object a line, without the `jsonrpc` field, requests in both directions. */
export class RpcClient {
  readonly #handlers: RpcHandlers
  readonly #open = new Map<RequestId, OpenRequest>()
  #nextId = 1
  #closedBecause: string | null = null
  #unreadableLines = 0

  constructor(handlers: RpcHandlers) {
    this.#handlers = handlers
  }

  /** Rejects with `RpcError` or `RpcLostError`; an answer of another form than `result` counts as an `RpcError`. */
  async request<T>(method: string, params: unknown, result: z.ZodType<T>, timeoutMs: number): Promise<T> {
    const raw = await this.#send(method, params, timeoutMs)
    const parsed = result.safeParse(raw)
    if (!parsed.success) throw new RpcError(method, 0, `unexpected answer: ${parsed.error.message}`)
    return parsed.data
  }

  notify(method: string): void {
    this.#handlers.write(JSON.stringify({ method }))
  }

  respond(id: RequestId, result: unknown): void {
    this.#handlers.write(JSON.stringify({ id, result }))
  }

  refuse(id: RequestId, code: number, message: string): void {
    this.#handlers.write(JSON.stringify({ id, error: { code, message } }))
  }

  /** Takes one line in; never throws. */
  receive(line: string): void {
    let message: unknown
    try {
      message = JSON.parse(line)
    } catch {
      // Neither the line nor the parser's message, which quotes it: there may be anything in it.
      this.#unreadableLines += 1
      if (this.#unreadableLines === 1) this.#handlers.log("warn", "codex wrote a line that is not JSON")
      if (this.#unreadableLines === maxUnreadableLines) this.#handlers.onTimeout("lines that are not JSON")
      return
    }
    if (typeof message !== "object" || message === null) return
    const { id, method, params, result, error } = message as Readonly<Record<string, unknown>> // an object, see above
    const requestId = typeof id === "string" || typeof id === "number" ? id : null
    if (typeof method === "string") {
      if (requestId === null) this.#handlers.onNotification(method, params)
      else this.#handlers.onRequest(requestId, method, params)
    } else if (requestId !== null) this.#settle(requestId, result, error)
  }

  /** Every open and later request fails with `reason`. */
  close(reason: string): void {
    this.#closedBecause ??= reason
    for (const request of this.#open.values()) {
      clearTimeout(request.timer)
      request.reject(new RpcLostError(`${request.method}: codex ${reason}`, false))
    }
    this.#open.clear()
  }

  #send(method: string, params: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#closedBecause !== null) {
      return Promise.reject(new RpcLostError(`${method}: codex ${this.#closedBecause}`, false))
    }
    const id = this.#nextId
    this.#nextId += 1
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(id)
        reject(new RpcLostError(`${method}: codex did not answer within ${timeoutMs} ms`, true))
        this.#handlers.onTimeout(method)
      }, timeoutMs)
      this.#open.set(id, { method, timer, resolve, reject })
      this.#handlers.write(JSON.stringify({ id, method, params }))
    })
  }

  #settle(id: RequestId, result: unknown, error: unknown): void {
    const request = this.#open.get(id)
    if (request === undefined) return
    this.#open.delete(id)
    clearTimeout(request.timer)
    if (typeof error !== "object" || error === null) {
      request.resolve(result)
      return
    }
    const { code, message } = error as Readonly<Record<string, unknown>> // an object, see above
    request.reject(
      new RpcError(request.method, typeof code === "number" ? code : 0, String(message ?? "no message")),
    )
  }
}
