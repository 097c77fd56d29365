import type { MiddlewareHandler } from "hono"
import { ProxyError } from "../domain/errors.ts"
import { answerError } from "./error-answer.ts"
import type { HttpEnv } from "./http-env.ts"

/**
 * A handshake of a WebSocket comes here as a plain GET where a proxy took out what is between it and its client only: the
 * headers of the handshake's own are still there. 426 as HTTP has it; codex goes on over HTTP then.
 */
export const lostUpgrade: MiddlewareHandler<HttpEnv> = async (context, next) => {
  if (context.req.method !== "GET" || context.req.header("sec-websocket-key") === undefined) return next()
  const problem = new ProxyError(
    "upgrade_lost",
    "A WebSocket was asked for, and a proxy on the way took `Upgrade` or `Connection` out of the request. Have it pass both on, in HTTP/1.1: for nginx `proxy_http_version 1.1;`, `proxy_set_header Upgrade $http_upgrade;` and `proxy_set_header Connection $connection_upgrade;`, for Apache `upgrade=websocket` at ProxyPass, for others see docs/reverse-proxies.md. Or use POST with `stream: true`.",
  )
  return answerError(context, problem, { upgrade: "websocket" })
}
