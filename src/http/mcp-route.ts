import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import type { Config } from "../config/config.ts"
import { ProxyError } from "../domain/errors.ts"
import { answerCall, progressOf } from "../mcp/answer-call.ts"
import {
  answerRequest,
  changedText,
  checkVersion,
  completeResult,
  listeningText,
} from "../mcp/answer-request.ts"
import {
  errorText,
  RpcError,
  type RpcMessage,
  type RpcRequest,
  readMessage,
  resultText,
} from "../mcp/json-rpc.ts"
import type { OpenChannel } from "../mcp/open-channel.ts"
import type { ToolChannels } from "../mcp/tool-channels.ts"
import { breakOff } from "./broken-answer.ts"
import { clientOf } from "./client-connection.ts"
import { answerError } from "./error-answer.ts"
import { writeHeldAnswer } from "./held-answer.ts"
import type { HttpContext } from "./http-env.ts"
import { readJsonAndText } from "./json-body.ts"
import { writeNotices } from "./notices.ts"
import { isOwnName } from "./origin-guard.ts"
import { parseHost } from "./parse-host.ts"
import { hostOf } from "./request-gate.ts"
import type { ServiceBounds } from "./service-bounds.ts"

export interface McpRouteOptions {
  readonly channels: ToolChannels
  readonly config: Config
  readonly version: string
  readonly bounds: ServiceBounds
}

/** Whose share of all bodies theirs count in: that of agents' CLIs. */
const bodiesOfAgents = "agents"

/**
 * The functions of a thread for its CLI: MCP over streamable HTTP, without sessions. By GET, or by `subscriptions/listen` in
 * the revision without a handshake, it hears when the functions are others than before.
 */
export function createMcpHandler({
  channels,
  config,
  version,
  bounds,
}: McpRouteOptions): (context: HttpContext) => Promise<Response> {
  const serverInfo = { name: "ai-agent-proxy", version }

  return async (context) => {
    checkCaller(context, config.host)
    const channel = channels.find(context.req.header("authorization"))
    if (channel === null)
      throw new ProxyError("invalid_api_key", "This is no token of a thread that is open.")
    if (context.req.method === "GET") return listen(context, channel, null)
    if (context.req.method !== "POST") {
      const problem = new ProxyError("method_not_allowed", "Only GET and POST are possible here.")
      return answerError(context, problem, { allow: "GET, POST" })
    }
    const share = bounds.bodies.open(bodiesOfAgents)
    let read: Awaited<ReturnType<typeof readJsonAndText>>
    try {
      read = await readJsonAndText(context, config.limits, share)
    } finally {
      share.release()
    }
    return answer(context, channel, read)
  }

  async function answer(
    context: HttpContext,
    channel: OpenChannel,
    { body, text }: { readonly body: unknown; readonly text: string },
  ): Promise<Response> {
    let message: RpcMessage | null
    try {
      message = readMessage(body, text)
      if (message?.type === "request") checkVersion(message.params)
    } catch (error) {
      if (error instanceof RpcError) return jsonAnswer(context, errorText(null, error), 400)
      throw error
    }
    if (message?.type === "request") return answerMessage(context, channel, message)
    if (message?.method === "notifications/cancelled") channel.cancel(message.params.requestId)
    return new Response(null, { status: 202 })
  }

  async function answerMessage(
    context: HttpContext,
    channel: OpenChannel,
    request: RpcRequest,
  ): Promise<Response> {
    const { id, method, params } = request
    if (method === "tools/call") return hold(context, channel, request)
    if (method === "subscriptions/listen") return listen(context, channel, request)
    try {
      const result = answerRequest(method, params, channel, serverInfo)
      return jsonAnswer(context, resultText(id, completeResult(params, result)))
    } catch (error) {
      if (error instanceof RpcError) return jsonAnswer(context, errorText(id, error))
      throw error
    }
  }

  /** For as long as the CLI wants to hear of other functions. `request` null: it asked by GET, in the older revisions. */
  async function listen(
    context: HttpContext,
    channel: OpenChannel,
    request: RpcRequest | null,
  ): Promise<Response> {
    const { outgoing } = context.env ?? {}
    if (outgoing === undefined) return new Response(null, { status: 202 })
    const client = clientOf(context)
    await writeNotices(outgoing, {
      headers: { "x-request-id": context.get("requestId") },
      keepAliveMs: config.limits.keepAliveMs,
      first: request === null ? null : listeningText(request),
      changed: changedText(request?.id ?? null),
      channel,
      clientGone: client.gone,
    })
    client.release()
    return RESPONSE_ALREADY_SENT
  }

  async function hold(context: HttpContext, channel: OpenChannel, request: RpcRequest): Promise<Response> {
    const client = clientOf(context)
    const { outgoing } = context.env ?? {}
    try {
      const message = answerCall(channel, request, client.gone)
      if (outgoing === undefined) return jsonAnswer(context, (await message) ?? "")
      await writeHeldAnswer(outgoing, {
        headers: { "x-request-id": context.get("requestId") },
        isStream: /text\/event-stream/i.test(context.req.header("accept") ?? ""),
        keepAliveMs: config.limits.keepAliveMs,
        progress: progressOf(request.params),
        message,
        readers: bounds.readers,
        clientGone: client.gone,
      })
      return RESPONSE_ALREADY_SENT
    } catch (error) {
      // The status is out; cutting the connection is all that can be told, and the log gets the rest.
      context.set("failure", error)
      if (outgoing !== undefined) breakOff(outgoing)
      return RESPONSE_ALREADY_SENT
    } finally {
      context.set("isAborted", client.gone.aborted)
      client.release()
    }
  }
}

function jsonAnswer(context: HttpContext, text: string, status: 200 | 400 = 200): Response {
  return context.body(text, status, { "content-type": "application/json" })
}

/** A program of this machine, and no page in a browser: nothing else has a token to begin with. */
function checkCaller(context: HttpContext, boundHost: string): void {
  const host = parseHost(hostOf(context) ?? "")
  const isPage = context.req.header("origin") !== undefined
  const { isOfThisMachine } = context.get("client")
  if (host !== null && isOwnName(host.name, boundHost) && !isPage && isOfThisMachine) return
  throw new ProxyError("forbidden_origin", "Only agents of this machine are served here.")
}
