import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http"

export interface Call {
  readonly port: number
  readonly method: string
  readonly path: string
  /** Sent as it is; an object as JSON. */
  readonly body?: object | string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly key?: string | null
  /** Default: a connection of its own. */
  readonly agent?: Agent
  /** Of this machine, to be somebody else. */
  readonly localAddress?: string
  /** From the request to its end. */
  readonly timeoutMs: number
  /** Each piece of the body as soon as it is read. */
  readonly onText?: (text: string) => void
  /** Says that the answer's head was read; what it returns is told each piece and paused or resumed by it. */
  readonly onAnswer?: (incoming: IncomingMessage) => void
}

/**
 * `whole`: the answer was read to its end. `cut`: the connection ended within it or before it. `refused`: there was no
 * connection. `timeout`: neither of them in time.
 */
export type CallEnd = "whole" | "cut" | "refused" | "timeout"

export interface CallResult {
  readonly end: CallEnd
  /** Null: no head was read. */
  readonly status: number | null
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly ms: number
  /** The system's code of what went wrong, for the report. */
  readonly code: string | null
}

/** One request to its end; never rejects. */
export function httpCall(call: Call): Promise<CallResult> {
  return new Promise((resolve) => {
    const startedAt = performance.now()
    let status: number | null = null
    let headers: IncomingHttpHeaders = {}
    let text = ""
    const settle = (end: CallEnd, code: string | null = null): void => {
      clearTimeout(timer)
      resolve({ end, status, headers, text, ms: performance.now() - startedAt, code })
      if (end !== "whole") outgoing.destroy()
    }
    const body =
      typeof call.body === "object" && !(call.body instanceof Uint8Array)
        ? JSON.stringify(call.body)
        : call.body
    const outgoing = request({
      host: "127.0.0.1",
      port: call.port,
      method: call.method,
      path: call.path,
      agent: call.agent ?? false,
      ...(call.localAddress !== undefined && { localAddress: call.localAddress }),
      headers: {
        ...(body !== undefined && {
          "content-type": "application/json",
          "content-length": String(Buffer.byteLength(body)),
        }),
        ...(call.key !== undefined && call.key !== null && { authorization: `Bearer ${call.key}` }),
        ...call.headers,
      },
    })
    const timer = setTimeout(() => settle("timeout"), call.timeoutMs)
    outgoing.once("error", (error: NodeJS.ErrnoException) => {
      settle(error.code === "ECONNREFUSED" ? "refused" : "cut", error.code ?? error.message)
    })
    outgoing.once("response", (incoming) => {
      status = incoming.statusCode ?? null
      headers = incoming.headers
      incoming.setEncoding("utf8")
      incoming.on("data", (piece: string) => {
        text += piece
        call.onText?.(piece)
      })
      incoming.once("end", () => settle(incoming.complete ? "whole" : "cut"))
      incoming.once("error", (error: NodeJS.ErrnoException) => settle("cut", error.code ?? error.message))
      incoming.once("close", () => settle("cut"))
      call.onAnswer?.(incoming)
    })
    outgoing.end(body)
  })
}

/** The body as an object; null where it is none. */
export function jsonOf({ text }: Pick<CallResult, "text">): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    // Not JSON, which is the answer.
    return null
  }
}
