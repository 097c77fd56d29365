import type { ServerResponse } from "node:http"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import type { Config } from "../../config/config.ts"
import { ProxyError } from "../../domain/errors.ts"
import { oneLineJson } from "../../domain/one-line-json.ts"
import {
  answerCall,
  answerRequest,
  changedText,
  checkVersion,
  completeResult,
  listeningText,
  progressOf,
} from "../../mcp/answer-request.ts"
import {
  errorText,
  RpcError,
  type RpcMessage,
  type RpcRequest,
  readMessage,
  resultText,
} from "../../mcp/json-rpc.ts"
import type { OpenChannel } from "../../mcp/open-channel.ts"
import type { ToolChannels } from "../../mcp/tool-channels.ts"
import { readJsonAndText } from "../guard/json-body.ts"
import { isOwnName, parseHost } from "../guard/origin-guard.ts"
import { hostOf } from "../guard/request-gate.ts"
import { clientOf } from "../server/client-connection.ts"
import { answerError } from "../server/error-answer.ts"
import type { Handler, HttpContext } from "../server/http-env.ts"
import { WholeBody, writeLarge } from "../server/large-answer.ts"
import type { ServiceBounds } from "../server/service-bounds.ts"
import { breakOff } from "../server/settled.ts"
import type { StalledReaders } from "../server/stalled-readers.ts"

interface McpRouteOptions {
  readonly channels: ToolChannels
  readonly config: Config
  readonly version: string
  readonly bounds: ServiceBounds
}

/** Whose share of all bodies theirs count in: that of agents' CLIs. */
const bodiesOfAgents = "agents"

/**
 * The functions of a thread for its CLI: MCP over streamable HTTP, without sessions. By GET, or by
 * `subscriptions/listen` in the revision without a handshake, it hears when the functions are
 * others than before.
 */
export function createMcpHandler(route: McpRouteOptions): Handler {
  const { channels, config, bounds } = route
  return async (context) => {
    checkCaller(context, config.host)
    const channel = channels.find(context.req.header("authorization"))
    if (channel === null)
      throw new ProxyError("invalid_api_key", "This is no token of a thread that is open.")
    if (context.req.method === "GET") return listen(route, context, channel, null)
    if (context.req.method !== "POST") {
      const problem = new ProxyError("method_not_allowed", "Only GET and POST are possible here.")
      return answerError(context, problem, { allow: "GET, POST" })
    }
    const share = bounds.bodies.open(bodiesOfAgents)
    const read = await readJsonAndText(context, config.limits, share).finally(() => share.release())
    return answer(route, context, channel, read)
  }
}

async function answer(
  route: McpRouteOptions,
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
  if (message?.type === "request") return answerMessage(route, context, channel, message)
  if (message?.method === "notifications/cancelled") channel.cancel(message.params.requestId)
  return new Response(null, { status: 202 })
}

async function answerMessage(
  route: McpRouteOptions,
  context: HttpContext,
  channel: OpenChannel,
  request: RpcRequest,
): Promise<Response> {
  const { id, method, params } = request
  if (method === "tools/call") return hold(route, context, channel, request)
  if (method === "subscriptions/listen") return listen(route, context, channel, request)
  try {
    const result = answerRequest(method, params, channel, { name: "ai-agent-proxy", version: route.version })
    return jsonAnswer(context, resultText(id, completeResult(params, result)))
  } catch (error) {
    if (error instanceof RpcError) return jsonAnswer(context, errorText(id, error))
    throw error
  }
}

/**
 * For as long as the CLI wants to hear of other functions. `request` null: it asked by GET, in the
 * older revisions.
 */
async function listen(
  route: McpRouteOptions,
  context: HttpContext,
  channel: OpenChannel,
  request: RpcRequest | null,
): Promise<Response> {
  const { outgoing } = context.env ?? {}
  if (outgoing === undefined) return new Response(null, { status: 202 })
  const client = clientOf(context)
  await writeNotices(outgoing, {
    headers: { "x-request-id": context.get("requestId") },
    keepAliveMs: route.config.limits.keepAliveMs,
    first: request === null ? null : listeningText(request),
    changed: changedText(request?.id ?? null),
    channel,
    clientGone: client.gone,
  })
  client.release()
  return RESPONSE_ALREADY_SENT
}

async function hold(
  route: McpRouteOptions,
  context: HttpContext,
  channel: OpenChannel,
  request: RpcRequest,
): Promise<Response> {
  const client = clientOf(context)
  const { outgoing } = context.env ?? {}
  try {
    const message = answerCall(channel, request, client.gone)
    if (outgoing === undefined) return jsonAnswer(context, (await message) ?? "")
    await writeHeldAnswer(outgoing, {
      headers: { "x-request-id": context.get("requestId") },
      isStream: /text\/event-stream/i.test(context.req.header("accept") ?? ""),
      keepAliveMs: route.config.limits.keepAliveMs,
      progress: progressOf(request.params),
      message,
      readers: route.bounds.readers,
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

interface HeldAnswer {
  /** Besides those that make it what it is. */
  readonly headers: Readonly<Record<string, string>>
  /** True: server-sent events; false: a JSON body. */
  readonly isStream: boolean
  /** Longest silence on the wire. */
  readonly keepAliveMs: number
  /** A message that says that the call goes on; null: none was asked for. */
  readonly progress: () => string | null
  /** The last message; null: nobody waits for it. Never rejects. */
  readonly message: Promise<string | null>
  readonly readers: StalledReaders
  /** Aborted when the client is gone. */
  readonly clientGone: AbortSignal
}

/**
 * Answers a request whose result may take hours. Silence would make the waiting side, or something
 * in between, give up, so a sign of life goes out from time to time: a comment of the stream, or
 * white space in front of the JSON.
 */
async function writeHeldAnswer(outgoing: ServerResponse, held: HeldAnswer): Promise<void> {
  const { isStream, clientGone } = held
  outgoing.writeHead(200, {
    ...held.headers,
    "content-type": isStream ? "text/event-stream" : "application/json",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  })
  outgoing.flushHeaders()
  const timer = setInterval(() => {
    // What a slow reader has not taken yet is a sign of life, too.
    if (clientGone.aborted || outgoing.writableNeedDrain) return
    if (!isStream) outgoing.write(" ")
    else outgoing.write(frameOf(held.progress()) ?? ": waiting\n\n")
  }, held.keepAliveMs)
  try {
    const message = await held.message
    // Nothing comes between the pieces of a long message.
    clearInterval(timer)
    if (clientGone.aborted) breakOff(outgoing)
    else {
      const body = new WholeBody(Buffer.from((isStream ? frameOf(message) : message) ?? ""))
      await writeLarge(outgoing, body, clientGone, held.readers)
    }
  } finally {
    clearInterval(timer)
  }
}

function frameOf(message: string | null): string | undefined {
  return message === null ? undefined : `event: message\ndata: ${oneLineJson(message)}\n\n`
}

interface Notices {
  /** Besides those that make it what it is. */
  readonly headers: Readonly<Record<string, string>>
  /** Longest silence on the wire. */
  readonly keepAliveMs: number
  /** Told at once; null: nothing. */
  readonly first: string | null
  /** Told whenever the functions of the channel were changed. */
  readonly changed: string
  readonly channel: OpenChannel
  /** Aborted when the client is gone. */
  readonly clientGone: AbortSignal
}

/**
 * A stream that says when the functions of a channel were changed. Resolves when the client or the
 * channel is gone.
 */
async function writeNotices(outgoing: ServerResponse, notices: Notices): Promise<void> {
  const { channel, changed, clientGone } = notices
  outgoing.writeHead(200, {
    ...notices.headers,
    "content-type": "text/event-stream",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  })
  outgoing.flushHeaders()
  const tell = (message: string): void => {
    if (!outgoing.writableNeedDrain) outgoing.write(`event: message\ndata: ${message}\n\n`)
  }
  if (notices.first !== null) tell(notices.first)
  const timer = setInterval(() => {
    if (!outgoing.writableNeedDrain) outgoing.write(": listening\n\n")
  }, notices.keepAliveMs)
  const { promise: over, resolve: end } = Promise.withResolvers<void>()
  const leave = channel.listen({ onChanged: () => tell(changed), onClosed: end })
  if (clientGone.aborted) end()
  else clientGone.addEventListener("abort", () => end(), { once: true })
  await over
  leave()
  clearInterval(timer)
  outgoing.end()
}
