import type { IncomingMessage, ServerResponse } from "node:http"
import type { Context, Hono } from "hono"
import type { ByteShare } from "./bounds.ts"
import type { ClientAddress } from "./client-address.ts"

/** A body that is written as its reader takes it. */
export interface LargeAnswer {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** What handlers find by `context.get`: `context.var` makes an object of all each time. */
export interface HttpEnv {
  /** The raw Node objects. Absent where the app is called as a function (`app.request`). */
  Bindings: { readonly incoming?: IncomingMessage; readonly outgoing?: ServerResponse }
  Variables: {
    /** `req_...`, also in the `x-request-id` header. */
    requestId: string
    /**
     * Name of the key that was used, or `owner` where none is configured. Set for every route that
     * is not open, and where a key came along.
     */
    principal: string
    /** The agent whose token was used; then there is no principal. */
    agentId: string | undefined
    /** Who asks, by address. Set for every request. */
    client: ClientAddress
    /** What the body may take. Absent on the routes that read none. */
    bodyShare: ByteShare | undefined
    /** What is written when the handler is over; see `answerLarge`. */
    largeAnswer: LargeAnswer | undefined
    /** What went wrong, for the log. */
    failure: unknown
    /** True once the client closed the connection before it had the whole answer. */
    isAborted: boolean
  }
}

/** All routes, or those for agents: a function from request to answer. */
export type HttpApp = Hono<HttpEnv>

export type HttpContext = Context<HttpEnv>

export type Handler = (context: HttpContext) => Response | Promise<Response>

/** Handlers by path and method. */
export type Routes = Readonly<Record<string, Partial<Record<"GET" | "POST" | "DELETE", Handler>>>>

/** Whose request it is, and the id in its path. */
export function targetOf(context: HttpContext): [principal: string, id: string] {
  return [context.get("principal"), idOf(context)]
}

export function idOf(context: HttpContext): string {
  return context.req.param("id") ?? ""
}

/** One answered request. No bodies, no header values but the two ids: safe to keep. */
export interface HttpLogEntry {
  readonly requestId: string
  /** The caller's own id (`X-Client-Request-Id`), made printable and cut at 128 characters. */
  readonly clientRequestId: string | null
  readonly method: string
  /** Without the query; cut at 512 characters. */
  readonly path: string
  readonly status: number
  /** Until the last byte was handed to the socket, streams included. */
  readonly durationMs: number
  readonly principal: string | null
  /** Of the client, behind trusted proxies too; null: it came over the socket in the home. */
  readonly address: string | null
  readonly isAborted: boolean
  /** Whatever was thrown; for 5xx the full error. */
  readonly error: unknown
}
