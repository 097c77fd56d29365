import { ProxyError } from "../../domain/errors.ts"
import type { KeptReply } from "../../domain/replies.ts"
import { defaultModel } from "../../protocol/common/wire-api.ts"
import { parseHost } from "../guard/origin-guard.ts"
import { hostOf } from "../guard/request-gate.ts"
import type { Handler, HttpContext, Routes } from "../server/http-env.ts"
import type { RouteParts } from "../server/route-parts.ts"
import { isManagerReady, summarize } from "./service-status.ts"
import { maxMessage, renderStatusPage, statusPageHeaders } from "./status-page.ts"

type StatusParts = Pick<RouteParts, "engine" | "replies" | "config" | "service">

/** What agents said, on the page: everybody's, with one character more than is shown. */
const shownOutbox = { agentId: null, principal: null, includesNobodys: true, limit: 20 } as const
const textCharacters = maxMessage + 1

const noStore = { "cache-control": "no-store" }

/** The routes that need no key. From memory, but for the messages that wait in the outboxes. */
export function statusRoutes(parts: StatusParts): Routes {
  const { engine, config, service } = parts
  const { version, uptimeMs, phase, storageProblem } = service
  const page: Handler = async (context) => {
    const status = summarize({
      agents: engine.agents(),
      outbox: await outboxOf(parts),
      config,
      storageProblem: (await storageProblem())?.message ?? null,
      phase: phase(),
      version,
      uptimeMs: uptimeMs(),
      address: reachedAddress(context, config),
      isForKeyHolder: context.get("principal") !== undefined,
    })
    // `req.path` has no slash at its end.
    const { pathname } = new URL(context.req.url)
    return context.html(renderStatusPage(status, pathname), 200, statusPageHeaders)
  }
  return {
    "/": { GET: page },
    "/web": { GET: page },
    "/health": {
      /** The process answers; says nothing of how the agents are. */
      GET: (context) => {
        const health = {
          ok: true,
          status: "ok",
          version,
          uptime_seconds: Math.floor(uptimeMs() / 1000),
          endpoint: `${reachedAddress(context, config)}/v1/responses`,
          manager: defaultModel,
        }
        return context.json(health, 200, noStore)
      },
    },
    "/ready": {
      /** 200 when a turn would be taken and stored, and the manager can run it. */
      GET: async (context) => {
        const problem = await storageProblem()
        if (problem !== null) {
          const { code, message: reason } = problem
          return context.json({ status: "not_ready", code, reason }, 503, noStore)
        }
        const isReady = phase() === "running" && isManagerReady(engine.agents())
        return context.json({ status: isReady ? "ready" : "not_ready" }, isReady ? 200 : 503, noStore)
      },
    },
  }
}

/** None where they cannot be read: the page says why. */
async function outboxOf({ replies, config }: StatusParts): Promise<readonly KeptReply[]> {
  try {
    // Strangers are shown none of the texts.
    const shown = config.apiKeys.size > 0 ? 0 : textCharacters
    return (await replies.outbox({ ...shownOutbox, textCharacters: shown })).replies
  } catch (error) {
    if (error instanceof ProxyError && error.code === "storage_failed") return []
    throw error
  }
}

/**
 * `http://host:port`, as whoever asks has reached the service: by the `Host` that was asked for,
 * else by the address of the connection. `https` where a proxy that is believed says so; a prefix
 * that it serves us below is not known here.
 */
function reachedAddress(context: HttpContext, config: StatusParts["config"]): string {
  const isSecure = context.get("client").isBehindProxy && context.req.header("x-forwarded-proto") === "https"
  return `${isSecure ? "https" : "http"}://${hostShown(context, config)}`
}

/** False: the `Host` that is there was put in by ourselves, as HTTP/1.0 may come without one. */
function isNamed({ env }: HttpContext): boolean {
  const { rawHeaders } = env?.incoming ?? {}
  return rawHeaders?.some((each, index) => index % 2 === 0 && each.toLowerCase() === "host") ?? true
}

/** The `Host` header comes from outside: shown only when it has the form of one. */
function hostShown(context: HttpContext, config: StatusParts["config"]): string {
  const host = isNamed(context) ? hostOf(context) : undefined
  if (host !== undefined && parseHost(host) !== null) return host.toLowerCase()
  const { localAddress = config.host, localPort = config.port } = context.env?.incoming?.socket ?? {}
  return `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`
}
