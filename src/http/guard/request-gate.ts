import type { MiddlewareHandler, Next } from "hono"
import type { Config } from "../../config/config.ts"
import { ownerPrincipal } from "../../config/settings.ts"
import { ProxyError } from "../../domain/errors.ts"
import { newId } from "../../domain/ids.ts"
import { hasThreadTokenForm } from "../../mcp/tool-channels.ts"
import { hasTokenForm } from "../../team/agent-tokens.ts"
import type { ByteShare } from "../server/bounds.ts"
import type { ClientAddress, ClientAddresses } from "../server/client-address.ts"
import type { HttpContext, HttpEnv, HttpLogEntry } from "../server/http-env.ts"
import type { RouteParts } from "../server/route-parts.ts"
import type { ServiceBounds } from "../server/service-bounds.ts"
import { ApiKeys } from "./api-keys.ts"
import { checkOrigin } from "./origin-guard.ts"
import { clientRequestIdOf } from "./request-headers.ts"

/** Paths that are served without a key. */
const openPaths: ReadonlySet<string> = new Set(["/", "/web", "/health", "/ready"])

/** The one route that an agent's token opens. */
const agentRoute = { method: "POST", path: "/agent-reply" } as const

/** Load balancers ask for these in HTTP/1.0; they tell nothing but whether the service is up. */
const healthPaths: ReadonlySet<string> = new Set(["/health", "/ready"])

const maxLoggedPath = 512

function loggedPath(path: string): string {
  return path.length > maxLoggedPath ? `${path.slice(0, maxLoggedPath).toWellFormed()}…` : path
}

/** Gives the request its id and, when it is answered, its one log entry. The outermost of all. */
export function requestLog(
  log: (entry: HttpLogEntry) => void,
  addresses: ClientAddresses,
): MiddlewareHandler<HttpEnv> {
  return async (context, next) => {
    const startedAt = performance.now()
    const requestId = newId("req_")
    context.set("requestId", requestId)
    context.header("x-request-id", requestId)
    const { incoming } = context.env ?? {}
    const client = addresses.of(incoming?.socket, incoming?.headers ?? context.req.header())
    context.set("client", client)
    await next()
    log({
      requestId,
      clientRequestId: clientRequestIdOf(context),
      method: context.req.method,
      path: loggedPath(context.req.path),
      status: statusOf(context),
      durationMs: performance.now() - startedAt,
      principal: context.get("principal") ?? null,
      address: client.address,
      isAborted: context.get("isAborted") === true,
      error: context.get("failure") ?? null,
    })
  }
}

/**
 * What stands before every route, before a byte of the body is read and before it shows whether a
 * route exists: the key or, where none is configured, the check of host and origin; then whether
 * this caller may have one more request under way.
 */
export function requestGate({
  config,
  agentTokens,
  bounds: { rooms, bodies },
}: Pick<RouteParts, "config" | "agentTokens" | "bounds">): MiddlewareHandler<HttpEnv> {
  const gate = new Gate(config)
  return async (context, next) => {
    const authorization = context.req.header("authorization")
    const { method, path } = context.req
    const isForAgents = method === agentRoute.method && path === agentRoute.path
    const agentId = isForAgents ? agentTokens.agentOf(authorization) : null
    if (agentId !== null) context.set("agentId", agentId)
    else if (gate.keys.isEmpty || !openPaths.has(context.req.path)) {
      const principal = gate.principalOf({
        host: hostOf(context),
        origin: context.req.header("origin"),
        authorization,
        client: context.get("client"),
        httpVersion: healthPaths.has(path) ? undefined : context.env?.incoming?.httpVersion,
      })
      context.set("principal", principal)
    } else {
      const principal = gate.keys.principalOf(authorization)
      if (principal !== null) context.set("principal", principal)
    }
    if (openPaths.has(path)) return next()
    const caller = agentId ?? context.get("principal")
    const leave = rooms.enter(caller, context.get("client"))
    const { outgoing } = context.env ?? {}
    // Not before its last byte is out: a reader that stalls is under way.
    outgoing?.once("close", leave)
    try {
      await withBodyShare(context, bodies.open(caller), next)
    } finally {
      if (outgoing === undefined) leave()
    }
  }
}

/** For a socket that only its owner can open. */
export function ownerGate({ bodies }: ServiceBounds): MiddlewareHandler<HttpEnv> {
  return (context, next) => {
    context.set("principal", ownerPrincipal)
    return withBodyShare(context, bodies.open(ownerPrincipal), next)
  }
}

async function withBodyShare(context: HttpContext, share: ByteShare, next: Next): Promise<void> {
  context.set("bodyShare", share)
  try {
    await next()
  } finally {
    share.release()
  }
}

interface GateHeaders {
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly authorization: string | undefined
  readonly client: ClientAddress
  /** Undefined: it does not matter here. */
  readonly httpVersion: string | undefined
}

/** The decision itself, for whatever arrives with HTTP headers. */
export class Gate {
  /** Where none is configured, every path is guarded by host and origin. */
  readonly keys: ApiKeys
  readonly #boundHost: string

  constructor({ apiKeys, host }: Pick<Config, "apiKeys" | "host">) {
    this.keys = new ApiKeys(apiKeys)
    this.#boundHost = host
  }

  /** Who is calling. Throws `invalid_api_key` or `forbidden_origin`. */
  principalOf({ host, origin, authorization, client, httpVersion }: GateHeaders): string {
    if (hasTokenForm(authorization)) {
      throw new ProxyError(
        "invalid_api_key",
        `This is no token of an agent that runs, or not one for this route: an agent's token opens ${agentRoute.method} ${agentRoute.path} only.`,
      )
    }
    // Also where no key is asked for: it was given to call the thread's functions, and nothing
    // else is done with it.
    if (hasThreadTokenForm(authorization)) {
      throw new ProxyError("invalid_api_key", "A thread's token opens /mcp only.")
    }
    if (this.keys.isEmpty) {
      checkOrigin({ host, origin, client, httpVersion }, this.#boundHost)
      return ownerPrincipal
    }
    const principal = this.keys.principalOf(authorization)
    if (principal === null) throw invalidKey(authorization)
    return principal
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
