import type { MiddlewareHandler } from "hono"
import type { Config } from "../config/config.ts"
import type { HttpEnv } from "./http-env.ts"

/** What a page may read of an answer beside its body. */
const exposed = "retry-after, x-advisory-parameters, x-request-id, x-should-retry"

const headerNames = /^[\w!#$%&'*+.^`|~, -]{1,1000}$/

/**
 * Lets pages of any origin use the API where a key is configured: it is the key that protects it, never a cookie (ADR 8). A
 * page without one learns that a service is here, no more. A browser asks before with a request that carries no key. Without a configured key nothing is
 * allowed: the check of the origin stands in for the key then.
 */
export function crossOrigin(config: Config): MiddlewareHandler<HttpEnv> {
  const hasKeys = config.apiKeys.size > 0
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
