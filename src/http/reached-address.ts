import type { Config } from "../config/config.ts"
import type { HttpContext } from "./http-env.ts"
import { parseHost } from "./parse-host.ts"
import { hostOf } from "./request-gate.ts"

/**
 * `http://host:port`, as whoever asks has reached the service: by the `Host` that was asked for, else by the address of the
 * connection. `https` where a proxy that is believed says so; a prefix that it serves us below is not known here.
 */
export function reachedAddress(context: HttpContext, config: Config): string {
  const isSecure = context.get("client").isBehindProxy && context.req.header("x-forwarded-proto") === "https"
  return `${isSecure ? "https" : "http"}://${hostShown(context, config)}`
}

/** False: the `Host` that is there was put in by ourselves, as HTTP/1.0 may come without one. */
function isNamed({ env }: HttpContext): boolean {
  const { rawHeaders } = env?.incoming ?? {}
  return rawHeaders?.some((each, index) => index % 2 === 0 && each.toLowerCase() === "host") ?? true
}

/** The `Host` header comes from outside: shown only when it has the form of one. */
function hostShown(context: HttpContext, config: Config): string {
  const host = isNamed(context) ? hostOf(context) : undefined
  if (host !== undefined && parseHost(host) !== null) return host.toLowerCase()
  const { localAddress = config.host, localPort = config.port } = context.env?.incoming?.socket ?? {}
  return `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`
}
