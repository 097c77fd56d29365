import type { MiddlewareHandler } from "hono"
import type { Config } from "../config/config.ts"
import { ownerPrincipal } from "../config/settings.ts"
import { ProxyError } from "../domain/errors.ts"
import { newId } from "../domain/ids.ts"
import { createApiKeys } from "./api-keys.ts"
import type { HttpContext, HttpEnv, HttpLogEntry } from "./http-env.ts"
import { checkOrigin } from "./origin-guard.ts"
import { clientRequestIdOf } from "./request-headers.ts"

/** Paths that are served without a key. */
const openPaths: ReadonlySet<string> = new Set([
  "/",
  "/web",
  "/web/",
  "/health",
  "/health/",
  "/ready",
  "/ready/",
])

/** Gives the request its id and, when the answer is out, writes its one log entry. The outermost of all. */
export function requestLog(log: (entry: HttpLogEntry) => void): MiddlewareHandler<HttpEnv> {
  return async (context, next) => {
    const startedAt = performance.now()
    const requestId = newId("req_")
    context.set("requestId", requestId)
    context.header("x-request-id", requestId)
    await next()
    log({
      requestId,
      clientRequestId: clientRequestIdOf(context),
      method: context.req.method,
      path: context.req.path,
      status: statusOf(context),
      durationMs: performance.now() - startedAt,
      principal: context.get("principal") ?? null,
      isAborted: context.get("isAborted") === true,
      error: context.get("failure") ?? null,
    })
  }
}

/**
 * What stands before every route, before a byte of the body is read and before it shows whether a route exists: the key
 * or, where none is configured, the check of host and origin.
 */
export function requestGate(config: Config): MiddlewareHandler<HttpEnv> {
  const keys = createApiKeys(config.apiKeys)
  return async (context, next) => {
    if (keys.isEmpty) {
      checkOrigin({ host: hostOf(context), origin: context.req.header("origin") }, config.host)
      context.set("principal", ownerPrincipal)
    } else if (!openPaths.has(context.req.path)) {
      const authorization = context.req.header("authorization")
      const principal = keys.principalOf(authorization)
      if (principal === null) throw invalidKey(authorization)
      context.set("principal", principal)
    }
    await next()
  }
}

/** The `Host` header; for calls of the app as a function, which carry none, the host of the URL. */
export function hostOf(context: HttpContext): string | undefined {
  return context.env?.incoming === undefined
    ? (context.req.header("host") ?? new URL(context.req.url).host)
    : context.env.incoming.headers.host
}

function invalidKey(authorization: string | undefined): ProxyError {
  return new ProxyError(
    "invalid_api_key",
    authorization === undefined
      ? "This service needs an API key. Send it as `Authorization: Bearer <key>`."
      : "The API key is not valid. Send a configured one as `Authorization: Bearer <key>`.",
  )
}

/** Answers that were written past Hono (streams) have their status in the Node object. */
function statusOf(context: HttpContext): number {
  const outgoing = context.env?.outgoing
  return outgoing?.headersSent === true ? outgoing.statusCode : context.res.status
}
