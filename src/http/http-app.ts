import { Hono } from "hono"
import type { Config } from "../config/config.ts"
import { ProxyError } from "../domain/errors.ts"
import type { FileLibrary } from "../domain/files.ts"
import type { Engine } from "../engine/engine.ts"
import type { ToolChannels } from "../mcp/tool-channels.ts"
import { chatApi } from "../protocol/chat/api.ts"
import { responsesApi } from "../protocol/responses/api.ts"
import type { AgentReplies } from "../team/agent-replies.ts"
import type { AgentTokens } from "../team/agent-tokens.ts"
import { crossOrigin } from "./guard/origin-guard.ts"
import { ownerGate, requestGate, requestLog } from "./guard/request-gate.ts"
import { createAgentReplyHandlers } from "./resources/agent-reply-route.ts"
import { createCompletionHandlers } from "./resources/completion-routes.ts"
import { createConversationHandlers } from "./resources/conversation-routes.ts"
import { createModelHandlers, createOpenApiHandler } from "./resources/discovery-routes.ts"
import { createFileHandlers } from "./resources/file-routes.ts"
import { createMcpHandler } from "./resources/mcp-route.ts"
import { createInputItemsHandler, createStoredResponseHandlers } from "./resources/stored-response-routes.ts"
import { answerError } from "./server/error-answer.ts"
import type { HttpApp, HttpContext, HttpEnv, HttpLogEntry, ServicePhase } from "./server/http-env.ts"
import { largeAnswers } from "./server/large-answer.ts"
import type { ServiceBounds } from "./server/service-bounds.ts"
import { type ControlOptions, createControlRoutes } from "./status/control-routes.ts"
import { createStatusHandlers } from "./status/status-routes.ts"
import { createCompactHandler, createInputTokensHandler } from "./turns/compact-routes.ts"
import { createTurnHandler } from "./turns/turn-routes.ts"
import { lostUpgrade } from "./turns/websocket-endpoint.ts"

export interface HttpAppOptions {
  readonly engine: Engine
  readonly files: FileLibrary
  /** What agents' CLIs may call at `/mcp`. */
  readonly channels: ToolChannels
  readonly agentTokens: AgentTokens
  readonly replies: AgentReplies
  readonly config: Config
  readonly bounds: ServiceBounds
  readonly version: string
  /** Milliseconds, as `now` tells them. */
  readonly startedAt: number
  readonly servicePhase: () => ServicePhase
  /** Why what is said now would not be kept; null: it would. */
  readonly storageProblem: () => Promise<ProxyError | null>
  /** Called once an answered request. Must not throw. */
  readonly log: (entry: HttpLogEntry) => void
  readonly now?: () => number
  /** For the socket that only the owner can open: no key is asked for, and agents can be started and stopped. */
  readonly control?: ControlOptions
}

type Handler = (context: HttpContext) => Response | Promise<Response>
type Method = "GET" | "POST" | "DELETE"

/** All routes of the service. A function from request to answer, but for streams, which need the Node server. */
export function createHttpApp(options: HttpAppOptions): HttpApp {
  const app: HttpApp = new Hono<HttpEnv>({ strict: false })
  app.use(requestLog(options.log, options.bounds.addresses))
  app.use(largeAnswers(options.bounds.readers))
  // Before the gate: its keys are not the clients', and theirs are not good for it.
  app.all("/mcp", createMcpHandler(options))
  if (options.control === undefined) app.use(crossOrigin(options.config))
  app.use(
    options.control === undefined
      ? requestGate(options.config, options.agentTokens, options.bounds)
      : ownerGate(options.bounds),
  )

  const status = createStatusHandlers(options)
  const models = createModelHandlers(options)
  const stored = createStoredResponseHandlers(options)
  const completions = createCompletionHandlers(options)
  const conversations = createConversationHandlers(options)
  const files = createFileHandlers(options)
  const replies = createAgentReplyHandlers(options)
  const routes: Readonly<Record<string, Partial<Record<Method, Handler>>>> = {
    "/": { GET: status.page },
    "/web": { GET: status.page },
    "/health": { GET: status.health },
    "/ready": { GET: status.ready },
    "/agent-reply": { GET: replies.list, POST: replies.create },
    "/agent-reply/:id": { DELETE: replies.remove },
    "/openapi.json": { GET: createOpenApiHandler(options) },
    "/v1/models": { GET: models.list },
    "/v1/models/:id": { GET: models.retrieve },
    "/v1/chat/completions": { GET: completions.list, POST: createTurnHandler(chatApi, options) },
    "/v1/chat/completions/:id/messages": { GET: completions.messages },
    "/v1/chat/completions/:id": {
      GET: completions.retrieve,
      POST: completions.update,
      DELETE: completions.remove,
    },
    "/v1/conversations": { POST: conversations.create },
    "/v1/conversations/:id/items": { GET: conversations.listItems, POST: conversations.addItems },
    "/v1/conversations/:id/items/:itemId": {
      GET: conversations.retrieveItem,
      DELETE: conversations.removeItem,
    },
    "/v1/conversations/:id": {
      GET: conversations.retrieve,
      POST: conversations.update,
      DELETE: conversations.remove,
    },
    "/v1/files": { GET: files.list, POST: files.create },
    "/v1/files/:id": { GET: files.retrieve, DELETE: files.remove },
    "/v1/files/:id/content": { GET: files.content },
    "/v1/responses": { POST: createTurnHandler(responsesApi, options) },
    "/v1/responses/compact": { POST: createCompactHandler(options) },
    "/v1/responses/input_tokens": { POST: createInputTokensHandler(options) },
    "/v1/responses/:id/cancel": { POST: stored.cancel },
    "/v1/responses/:id/input_items": { GET: createInputItemsHandler(options) },
    "/v1/responses/:id": { GET: stored.retrieve, DELETE: stored.remove },
  }
  app.use("/v1/responses", lostUpgrade)
  for (const [path, handlers] of Object.entries(routes)) addRoute(app, path, handlers)
  if (options.control !== undefined) {
    const control = createControlRoutes(options.control, options)
    for (const [path, handlers] of Object.entries(control)) addRoute(app, path, handlers)
  }

  app.notFound((context) =>
    answerError(context, new ProxyError("not_found", noRoute(context.req.path, Object.keys(routes)))),
  )
  app.onError((error, context) => answerError(context, error))
  return app
}

/** Only what agents need of us: for a service that has no port for clients. */
export function createAgentsApp(options: HttpAppOptions): HttpApp {
  const app: HttpApp = new Hono<HttpEnv>({ strict: false })
  app.use(requestLog(options.log, options.bounds.addresses))
  app.use(largeAnswers(options.bounds.readers))
  app.all("/mcp", createMcpHandler(options))
  app.use(requestGate(options.config, options.agentTokens, options.bounds))
  addRoute(app, "/agent-reply", { POST: createAgentReplyHandlers(options).create })
  app.notFound((context) => answerError(context, new ProxyError("not_found", "There is no such route.")))
  app.onError((error, context) => answerError(context, error))
  return app
}

/** The commonest mistake is a base URL without `/v1`. */
function noRoute(path: string, routes: readonly string[]): string {
  const withVersion = `/v1${path}`
  const hint = routes.includes(withVersion) ? ` Did you mean ${withVersion}? Base URLs end with /v1.` : ""
  return `There is no route ${path.slice(0, 200)}.${hint}`
}

function addRoute(app: HttpApp, path: string, handlers: Partial<Record<Method, Handler>>): void {
  const methods = Object.keys(handlers)
  for (const [method, handler] of Object.entries(handlers)) app.on(method, path, handler)
  // Hono answers HEAD with the handler of GET.
  const allow = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ")
  app.all(path, (context) =>
    answerError(
      context,
      new ProxyError("method_not_allowed", `${context.req.method} is not possible here; possible: ${allow}.`),
      { allow },
    ),
  )
}
