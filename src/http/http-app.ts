import { Hono } from "hono"
import { ProxyError } from "../domain/errors.ts"
import { turnApis } from "../protocol/turn-apis.ts"
import { crossOrigin } from "./guard/origin-guard.ts"
import { ownerGate, requestGate, requestLog } from "./guard/request-gate.ts"
import { agentReplyHandler, agentReplyRoutes } from "./resources/agent-reply-route.ts"
import { completionRoutes } from "./resources/completion-routes.ts"
import { conversationRoutes } from "./resources/conversation-routes.ts"
import { discoveryRoutes, type OpenApiModule } from "./resources/discovery-routes.ts"
import { fileRoutes } from "./resources/file-routes.ts"
import { createMcpHandler } from "./resources/mcp-route.ts"
import { storedResponseRoutes } from "./resources/stored-response-routes.ts"
import { answerError } from "./server/error-answer.ts"
import type { HttpApp, HttpEnv, HttpLogEntry, Routes } from "./server/http-env.ts"
import { largeAnswers } from "./server/large-answer.ts"
import type { RouteParts } from "./server/route-parts.ts"
import { type ControlOptions, createControlRoutes } from "./status/control-routes.ts"
import { statusRoutes } from "./status/status-routes.ts"
import { createCompactHandler, createInputTokensHandler } from "./turns/compact-routes.ts"
import { createTurnHandler } from "./turns/turn-routes.ts"
import { lostUpgrade } from "./turns/websocket-endpoint.ts"

export interface HttpAppOptions extends RouteParts {
  readonly openApi: OpenApiModule
  /** Called once an answered request. Must not throw. */
  readonly log: (entry: HttpLogEntry) => void
  /** For the socket of the owner: no key is asked for, and agents can be started and stopped. */
  readonly control?: ControlOptions
}

/** All routes of the service: a function, but for streams, which need the Node server. */
export function createHttpApp(options: HttpAppOptions): HttpApp {
  const { config, bounds, control } = options
  const app = beginApp(options)
  if (control === undefined) app.use(crossOrigin(config.apiKeys.size > 0))
  app.use(control === undefined ? requestGate(options) : ownerGate(bounds))
  app.use("/v1/responses", lostUpgrade)
  const routes = publicRoutes(options)
  addRoutes(app, routes)
  if (control !== undefined) addRoutes(app, createControlRoutes(control, options))
  return endApp(app, (path) => noRoute(path, Object.keys(routes)))
}

/** Only what agents need of us: for a service that has no port for clients. */
export function createAgentsApp(options: HttpAppOptions): HttpApp {
  const app = beginApp(options)
  app.use(requestGate(options))
  addRoutes(app, { "/agent-reply": { POST: agentReplyHandler(options) } })
  return endApp(app, () => "There is no such route.")
}

function publicRoutes(options: HttpAppOptions): Routes {
  const lookedUp: Routes = {
    ...statusRoutes(options),
    ...agentReplyRoutes(options),
    ...discoveryRoutes(options.engine, options.openApi, options.service.version),
    ...completionRoutes(options),
    ...conversationRoutes(options),
    ...fileRoutes(options.files),
  }
  const turns = turnApis.map((api) => {
    const { path } = api.described
    return [path, { ...lookedUp[path], POST: createTurnHandler(api, options) }] as const
  })
  return {
    ...lookedUp,
    ...Object.fromEntries(turns),
    "/v1/responses/compact": { POST: createCompactHandler(options) },
    "/v1/responses/input_tokens": { POST: createInputTokensHandler(options) },
    // Behind those, whose names would be taken for ids.
    ...storedResponseRoutes(options),
  }
}

/** What stands before every gate: keys of `/mcp` and of clients are not good for each other. */
function beginApp(options: HttpAppOptions): HttpApp {
  const { log, bounds } = options
  const app: HttpApp = new Hono<HttpEnv>({ strict: false })
  app.use(requestLog(log, bounds.addresses))
  app.use(largeAnswers(bounds.readers))
  app.all("/mcp", createMcpHandler(options))
  return app
}

function endApp(app: HttpApp, noSuchRoute: (path: string) => string): HttpApp {
  app.notFound((context) => answerError(context, new ProxyError("not_found", noSuchRoute(context.req.path))))
  app.onError((error, context) => answerError(context, error))
  return app
}

/** The commonest mistake is a base URL without `/v1`. */
function noRoute(path: string, routes: readonly string[]): string {
  const withVersion = `/v1${path}`
  const hint = routes.includes(withVersion) ? ` Did you mean ${withVersion}? Base URLs end with /v1.` : ""
  return `There is no route ${path.slice(0, 200)}.${hint}`
}

function addRoutes(app: HttpApp, routes: Routes): void {
  for (const [path, handlers] of Object.entries(routes)) {
    for (const [method, handler] of Object.entries(handlers)) app.on(method, path, handler)
    // Hono answers HEAD with the handler of GET.
    const methods = Object.keys(handlers).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]))
    const allow = methods.join(", ")
    app.all(path, (context) =>
      answerError(
        context,
        new ProxyError(
          "method_not_allowed",
          `${context.req.method} is not possible here; possible: ${allow}.`,
        ),
        { allow },
      ),
    )
  }
}
