import { z } from "zod"
import type { Log } from "../../../domain/log.ts"
import { objectBehindNoise, StrayLines } from "./json-noise.ts"

export type RpcId = string | number

/** Of requests whose answer says nothing. */
export const anyResult = z.unknown()

/** A request was refused; `code` is that of JSON-RPC, `details` goes with the message. */
export class RpcRefusedError extends Error {
  readonly code: number
  readonly details: unknown

  constructor(method: string, code: number, message: string, details: unknown = null) {
    super(`${method}: ${message}`)
    this.name = "RpcError"
    this.code = code
    this.details = details
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
  /** Name of the program in messages. */
  readonly program: string
  /** True: each message has `jsonrpc`, as the standard wants it; codex leaves it out. */
  readonly isStandard: boolean
  readonly write: (line: string) => void
  /** A message as the program reads it. Default: as JSON has it. */
  readonly toJson?: (message: Readonly<Record<string, unknown>>) => string
  /** `line`: the whole message, for numbers that parsing rounds; empty behind noise. */
  readonly onNotification: (method: string, params: unknown, line: string) => void
  readonly onRequest: (id: RpcId, method: string, params: unknown, line: string) => void
  /** A request went unanswered for longer than its deadline. */
  readonly onTimeout: (method: string) => void
  /** How much longer a request may wait past its deadline, in milliseconds. Default: no longer. */
  readonly moreMs?: (waitedMs: number) => number
  readonly log: Log
}

interface OpenRequest {
  readonly method: string
  timer: NodeJS.Timeout | null
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** A program that writes this many is not what we take it for, and is replaced. */
const maxUnreadableLines = 1_000

/** Whoever can be asked over JSON-RPC. Rejects as `RpcClient` does. */
export interface Requester {
  request<T>(method: string, params: unknown, result: z.ZodType<T>, timeoutMs?: number | null): Promise<T>
}

/** JSON-RPC with one object a line and requests in both directions. */
export class RpcClient {
  readonly #handlers: RpcHandlers
  readonly #open = new Map<RpcId, OpenRequest>()
  #nextId = 1
  #closedBecause: string | null = null
  readonly #stray: StrayLines
  #hasRead = false

  constructor(handlers: RpcHandlers) {
    this.#handlers = handlers
    this.#stray = new StrayLines(handlers.program, handlers.log)
  }

  /** The beginning of what the program wrote in place of messages: an update notice, perhaps. */
  get strayText(): string {
    return this.#stray.text
  }

  /**
   * Rejects with `RpcRefusedError` or `RpcLostError`; an answer of another form than `result`
   * counts as an `RpcRefusedError`. Without a deadline (null) it waits as long as the program
   * lives.
   */
  async request<T>(
    method: string,
    params: unknown,
    result: z.ZodType<T>,
    timeoutMs: number | null,
  ): Promise<T> {
    const raw = await this.#send(method, params, timeoutMs)
    const parsed = result.safeParse(raw)
    if (!parsed.success) throw new RpcRefusedError(method, 0, `unexpected answer: ${parsed.error.message}`)
    return parsed.data
  }

  /** Resolves with any answer or refusal, and after `timeoutMs`: it blames nobody. */
  ping(method: string, timeoutMs: number): Promise<void> {
    if (this.#closedBecause !== null) return Promise.resolve()
    const id = this.#takeId()
    return new Promise((resolve) => {
      const settle = () => resolve()
      const timer = setTimeout(() => {
        this.#open.delete(id)
        resolve()
      }, timeoutMs)
      this.#open.set(id, { method, timer, resolve: settle, reject: settle })
      this.#write({ id, method, params: {} })
    })
  }

  notify(method: string, params?: unknown): void {
    this.#write(params === undefined ? { method } : { method, params })
  }

  respond(id: RpcId, result: unknown): void {
    this.#write({ id, result })
  }

  refuse(id: RpcId, code: number, message: string): void {
    this.#write({ id, error: { code, message } })
  }

  /** Takes one line in; never throws. */
  receive(line: string): void {
    let message: unknown
    let text = line
    try {
      message = JSON.parse(line)
    } catch {
      text = ""
      message = objectBehindNoise(line, !this.#hasRead)
      if (message === undefined) {
        this.#stray.take(line)
        if (this.#stray.count === maxUnreadableLines) this.#handlers.onTimeout("lines that are not JSON")
        return
      }
    }
    if (typeof message !== "object" || message === null) return
    this.#hasRead = true
    const { id, method, params, result, error } = message as Readonly<Record<string, unknown>> // an object, see above
    const requestId = typeof id === "string" || typeof id === "number" ? id : null
    if (typeof method === "string") {
      if (requestId === null) this.#handlers.onNotification(method, params, text)
      else this.#handlers.onRequest(requestId, method, params, text)
    } else if (requestId !== null) this.#settle(requestId, result, error)
  }

  /** Every open and later request fails with `reason`. */
  close(reason: string): void {
    this.#closedBecause ??= reason
    for (const request of this.#open.values()) {
      clearTimeout(request.timer ?? undefined)
      request.reject(new RpcLostError(`${request.method}: ${this.#handlers.program} ${reason}`, false))
    }
    this.#open.clear()
  }

  #write(message: Readonly<Record<string, unknown>>): void {
    const { isStandard, toJson = JSON.stringify, write } = this.#handlers
    write(toJson(isStandard ? { jsonrpc: "2.0", ...message } : message))
  }

  #takeId(): number {
    const id = this.#nextId
    this.#nextId += 1
    return id
  }

  #send(method: string, params: unknown, timeoutMs: number | null): Promise<unknown> {
    const { program } = this.#handlers
    if (this.#closedBecause !== null) {
      return Promise.reject(new RpcLostError(`${method}: ${program} ${this.#closedBecause}`, false))
    }
    const id = this.#takeId()
    return new Promise((resolve, reject) => {
      const request: OpenRequest = { method, timer: null, resolve, reject }
      const wait = (ms: number, untilMs: number) => {
        request.timer = setTimeout(() => {
          const moreMs = this.#handlers.moreMs?.(untilMs) ?? 0
          if (moreMs > 0) {
            wait(moreMs, untilMs + moreMs)
            return
          }
          this.#open.delete(id)
          reject(new RpcLostError(`${method}: ${program} did not answer within ${untilMs} ms`, true))
          this.#handlers.onTimeout(method)
        }, ms)
      }
      if (timeoutMs !== null) wait(timeoutMs, timeoutMs)
      this.#open.set(id, request)
      this.#write({ id, method, params })
    })
  }

  #settle(id: RpcId, result: unknown, error: unknown): void {
    const request = this.#open.get(id)
    if (request === undefined) return
    this.#open.delete(id)
    clearTimeout(request.timer ?? undefined)
    if (typeof error !== "object" || error === null) {
      request.resolve(result)
      return
    }
    const { code, message, data } = error as Readonly<Record<string, unknown>> // an object, see above
    const text = typeof message === "string" ? message : "no message"
    request.reject(new RpcRefusedError(request.method, typeof code === "number" ? code : 0, text, data))
  }
}
