import { isIP } from "node:net"
import type { MiddlewareHandler } from "hono"
import { ProxyError } from "../../domain/errors.ts"
import type { ClientAddress } from "../server/client-address.ts"
import type { HttpEnv } from "../server/http-env.ts"

/**
 * Stands in for the key where none is configured. Browsers are the danger: a foreign page can post
 * to this machine (so `Origin` must be our own), and a foreign name can be made to resolve to it
 * (so `Host` must not be a name that somebody else owns; DNS rebinding). Where the owner insisted
 * on listening beyond loopback without a key, addresses and the configured name are accepted as
 * well: an address cannot be rebound. A request that a proxy brings is from nobody on this machine,
 * though the proxy is on it: it would open the service to all that reach the proxy, under a name
 * that may well look like ours (nginx sends the inner host). nginx tells of itself in no header; up
 * to 1.29.6 it does by HTTP/1.0, which no client of this API speaks, and later ones not at all.
 * Throws `forbidden_origin`.
 */
export function checkOrigin(
  headers: {
    readonly host: string | undefined
    readonly origin: string | undefined
    readonly client: Pick<ClientAddress, "isForwarded">
    readonly httpVersion?: string | undefined
  },
  boundHost: string,
): void {
  if (headers.client.isForwarded)
    throw forwarded("it has a header of one (X-Forwarded-..., X-Real-IP, Forwarded or Via)")
  if (headers.httpVersion === "1.0")
    throw forwarded("it is in HTTP/1.0, as nginx up to 1.29.6 asks unless it is told otherwise")
  const host = headers.host === undefined ? null : parseHost(headers.host)
  if (host === null || !isOwnName(host.name, boundHost)) {
    throw new ProxyError(
      "forbidden_origin",
      `Without an API key only this machine is served, under localhost or 127.0.0.1, not under the host name of this request. Configure an API key to serve others.`,
    )
  }
  if (headers.origin !== undefined && !isSameOrigin(headers.origin, headers.host ?? "")) {
    throw new ProxyError(
      "forbidden_origin",
      "Without an API key pages of other origins are not served. Configure an API key to allow them.",
    )
  }
}

function forwarded(sign: string): ProxyError {
  return new ProxyError(
    "forbidden_origin",
    `Without an API key nothing is served through a proxy, and this request came through one: ${sign}. Configure an API key (AI_AGENT_PROXY_API_KEY) and send it as \`Authorization: Bearer <key>\`.`,
  )
}

/** Loopback names; where the service listens beyond, addresses and the configured name too. */
export function isOwnName(name: string, boundHost: string): boolean {
  if (isLoopbackName(name)) return true
  const bound = boundHost.toLowerCase()
  return !isLoopbackName(bound) && (isIP(name) !== 0 || name === bound)
}

function isSameOrigin(origin: string, host: string): boolean {
  // URL drops the default port on both sides.
  return URL.parse(origin)?.origin === URL.parse(`http://${host}`)?.origin && origin !== "null"
}

/** What a page may read of an answer beside its body. */
const exposed = "retry-after, x-advisory-parameters, x-request-id, x-should-retry"

const headerNames = /^[\w!#$%&'*+.^`|~, -]{1,1000}$/

/**
 * Lets pages of any origin use the API where a key is configured: it is the key that protects it,
 * never a cookie (ADR 8). A page without one learns that a service is here, no more. A browser asks
 * before with a request that carries no key. Without a configured key nothing is allowed: the check
 * of the origin stands in for the key then.
 */
export function crossOrigin(hasKeys: boolean): MiddlewareHandler<HttpEnv> {
  return async (context, next) => {
    if (!hasKeys || !context.req.path.startsWith("/v1/") || context.req.header("origin") === undefined) {
      return next()
    }
    if (
      context.req.method === "OPTIONS" &&
      context.req.header("access-control-request-method") !== undefined
    ) {
      const asked = context.req.header("access-control-request-headers") ?? ""
      return context.body(null, 204, {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, POST, DELETE",
        "access-control-max-age": "600",
        ...(headerNames.test(asked) && { "access-control-allow-headers": asked }),
      })
    }
    const { outgoing } = context.env ?? {}
    // Streams and some refusals are written past Hono; what is set here goes out with any of them.
    const set = (name: string, value: string) =>
      outgoing === undefined ? context.header(name, value) : outgoing.setHeader(name, value)
    set("access-control-allow-origin", "*")
    set("access-control-expose-headers", exposed)
    await next()
  }
}

const hostPattern = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i

/** A `Host` header; null: it is none. `name` is in lower case, without brackets. */
export function parseHost(host: string): { readonly name: string; readonly port: string | null } | null {
  const match = hostPattern.exec(host)
  const name = match?.[1]?.toLowerCase()
  if (name === undefined) return null
  return { name: name.startsWith("[") ? name.slice(1, -1) : name, port: match?.[2] ?? null }
}

/** A name that leads to this machine, and that nobody else can own. */
function isLoopbackName(name: string): boolean {
  if (name === "localhost" || name.endsWith(".localhost") || name === "::1") return true
  return isIP(name) === 4 && name.startsWith("127.")
}
