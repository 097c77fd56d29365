import type { Config } from "../../config/config.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { KeptReply } from "../../domain/replies.ts"
import type { Engine } from "../../engine/engine.ts"
import { defaultModel } from "../../protocol/common/wire-api.ts"
import type { AgentReplies } from "../../team/agent-replies.ts"
import { parseHost } from "../guard/origin-guard.ts"
import { hostOf } from "../guard/request-gate.ts"
import type { HttpContext, ServicePhase } from "../server/http-env.ts"
import { isManagerReady, summarize } from "./service-status.ts"
import { maxMessage, renderStatusPage, statusPageHeaders } from "./status-page.ts"

interface StatusRouteOptions {
  readonly engine: Engine
  readonly replies: Pick<AgentReplies, "outbox">
  readonly config: Config
  readonly version: string
  readonly startedAt: number
  readonly servicePhase: () => ServicePhase
  /** Why what is said now would not be kept, in words for everybody; null: it would. */
  readonly storageProblem: () => Promise<ProxyError | null>
  readonly now?: () => number
}

interface StatusHandlers {
  /** `GET /` and `GET /web`. */
  readonly page: (context: HttpContext) => Promise<Response>
  /** `GET /health`: the process answers; says nothing of how the agents are. */
  readonly health: (context: HttpContext) => Response
  /** `GET /ready`: 200 when a turn would be taken and stored, and the manager can run it. */
  readonly ready: (context: HttpContext) => Promise<Response>
}

/** Messages of agents on the status page: everybody's, and one character more of each than is shown. */
const shownOutbox = { agentId: null, principal: null, includesNobodys: true, limit: 20 } as const
const textCharacters = maxMessage + 1

/** The routes that need no key. From memory, but for the messages that wait in the outboxes. */
export function createStatusHandlers(options: StatusRouteOptions): StatusHandlers {
  const {
    engine,
    config,
    version,
    startedAt,
    servicePhase,
    storageProblem,
    now = () => performance.now(),
  } = options
  const noStore = { "cache-control": "no-store" }
  return {
    page: async (context) =>
      context.body(
        renderStatusPage(
          summarize({
            agents: engine.agents(),
            outbox: await outboxOf(options),
            storageProblem: (await storageProblem())?.message ?? null,
            phase: servicePhase(),
            config,
            version,
            uptimeMs: now() - startedAt,
            address: reachedAddress(context, config),
            isForKeyHolder: context.get("principal") !== undefined,
          }),
          // `req.path` has no slash at its end.
          new URL(context.req.url).pathname,
        ),
        200,
        statusPageHeaders,
      ),
    health: (context) =>
      context.json(
        {
          ok: true,
          status: "ok",
          version,
          uptime_seconds: Math.max(0, Math.floor((now() - startedAt) / 1000)),
          endpoint: `${reachedAddress(context, config)}/v1/responses`,
          manager: defaultModel,
        },
        200,
        noStore,
      ),
    ready: async (context) => {
      const problem = await storageProblem()
      if (problem !== null) {
        return context.json(
          { status: "not_ready", code: problem.code, reason: problem.message },
          503,
          noStore,
        )
      }
      const isReady = servicePhase() === "running" && isManagerReady(engine.agents())
      return context.json({ status: isReady ? "ready" : "not_ready" }, isReady ? 200 : 503, noStore)
    },
  }
}

/** None where they cannot be read: the page says why. */
async function outboxOf({ replies, config }: StatusRouteOptions): Promise<readonly KeptReply[]> {
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
 * `http://host:port`, as whoever asks has reached the service: by the `Host` that was asked for, else by the address of the
 * connection. `https` where a proxy that is believed says so; a prefix that it serves us below is not known here.
 */
function reachedAddress(context: HttpContext, config: Config): string {
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
