import type { ServerResponse } from "node:http"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
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
  type RequestId,
  RpcError,
  type RpcRequest,
  readMessage,
  resultText,
} from "../../mcp/json-rpc.ts"
import type { OpenChannel } from "../../mcp/open-channel.ts"
import { readJsonAndText } from "../guard/json-body.ts"
import { isOwnName, parseHost } from "../guard/origin-guard.ts"
import { hostOf } from "../guard/request-gate.ts"
import { clientOf } from "../server/client-connection.ts"
import { answerError } from "../server/error-answer.ts"
import type { Handler, HttpContext } from "../server/http-env.ts"
import { WholeBody, writeLarge } from "../server/large-answer.ts"
import type { RouteParts } from "../server/route-parts.ts"
import { breakOff, writeSigns } from "../server/settled.ts"

type McpParts = Pick<RouteParts, "channels" | "config" | "service" | "bounds">

/** A request of a CLI, with the channel that its token opens. */
interface McpCall {
  readonly parts: McpParts
  readonly context: HttpContext
  readonly channel: OpenChannel
}

/** Whose share of all bodies theirs count in: that of agents' CLIs. */
const bodiesOfAgents = "agents"

/**
 * The functions of a thread for its CLI: MCP over streamable HTTP, without sessions. By GET, or by
 * `subscriptions/listen` in the revision without a handshake, it hears when the functions are
 * others than before.
 */
export function createMcpHandler(parts: McpParts): Handler {
  const { channels, config, bounds } = parts
  return async (context) => {
    checkCaller(context, config.host)
    const channel = channels.find(context.req.header("authorization"))
    if (channel === null)
      throw new ProxyError("invalid_api_key", "This is no token of a thread that is open.")
    const call = { parts, context, channel }
    if (context.req.method === "GET") return listen(call, null)
    if (context.req.method !== "POST") {
      const problem = new ProxyError("method_not_allowed", "Only GET and POST are possible here.")
      return answerError(context, problem, { allow: "GET, POST" })
    }
    const share = bounds.bodies.open(bodiesOfAgents)
    const read = await readJsonAndText(context, config.limits, share).finally(() => share.release())
    return answer(call, read)
  }
}

async function answer(
  call: McpCall,
  { body, text }: { readonly body: unknown; readonly text: string },
): Promise<Response> {
  const { context, channel } = call
  let id: RequestId | null = null
  try {
    const message = readMessage(body, text)
    if (message?.type !== "request") {
      if (message?.method === "notifications/cancelled") channel.cancel(message.params.requestId)
      return new Response(null, { status: 202 })
    }
    checkVersion(message.params)
    const { method, params } = message
    id = message.id
    if (method === "tools/call") return hold(call, message)
    if (method === "subscriptions/listen") return listen(call, message)
    const server = { name: "ai-agent-proxy", version: call.parts.service.version }
    const result = answerRequest(method, params, channel, server)
    return jsonAnswer(context, resultText(id, completeResult(params, result)))
  } catch (error) {
    if (error instanceof RpcError) return jsonAnswer(context, errorText(id, error), id === null ? 400 : 200)
    throw error
  }
}

/**
 * For as long as the CLI wants to hear of other functions. `request` null: it asked by GET, in the
 * older revisions. Answered when the client or the channel is gone.
 */
async function listen({ parts, context, channel }: McpCall, request: RpcRequest | null): Promise<Response> {
  const { outgoing } = context.env ?? {}
  if (outgoing === undefined) return new Response(null, { status: 202 })
  const client = clientOf(context)
  writeHead(context, outgoing, eventStream)
  const tell = (message: string): void => {
    if (!outgoing.writableNeedDrain) outgoing.write(frameOf(message))
  }
  if (request !== null) tell(listeningText(request))
  const { promise: over, resolve: end } = Promise.withResolvers<void>()
  const changed = changedText(request?.id ?? null)
  const leave = channel.listen({ onChanged: () => tell(changed), onClosed: end })
  if (client.gone.aborted) end()
  else client.gone.addEventListener("abort", () => end(), { once: true })
  const everyMs = parts.config.limits.keepAliveMs
  await writeSigns(outgoing, over, { everyMs, gone: client.gone, sign: () => ": listening\n\n" })
  leave()
  outgoing.end()
  client.release()
  return RESPONSE_ALREADY_SENT
}

/** Until the call is answered, which may take hours. */
async function hold({ parts, context, channel }: McpCall, request: RpcRequest): Promise<Response> {
  const client = clientOf(context)
  const { outgoing } = context.env ?? {}
  try {
    const message = answerCall(channel, request, client.gone)
    if (outgoing === undefined) return jsonAnswer(context, (await message) ?? "")
    const isStream = /text\/event-stream/i.test(context.req.header("accept") ?? "")
    const progress = progressOf(request.params)
    /** Where nothing else was asked for a comment of the stream, or white space before the JSON. */
    const sign = (): string => {
      const told = isStream ? progress() : " "
      return told === null ? ": waiting\n\n" : isStream ? frameOf(told) : told
    }
    writeHead(context, outgoing, isStream ? eventStream : "application/json")
    const { keepAliveMs: everyMs } = parts.config.limits
    const text = await writeSigns(outgoing, message, { everyMs, gone: client.gone, sign })
    if (client.gone.aborted) breakOff(outgoing)
    else {
      const last = text !== null && isStream ? frameOf(text) : (text ?? "")
      await writeLarge(outgoing, new WholeBody(Buffer.from(last)), client.gone, parts.bounds.readers)
    }
  } catch (error) {
    // The status is out; cutting the connection is all that can be told, and the log gets the rest.
    context.set("failure", error)
    if (outgoing !== undefined) breakOff(outgoing)
  } finally {
    context.set("isAborted", client.gone.aborted)
    client.release()
  }
  return RESPONSE_ALREADY_SENT
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

const eventStream = "text/event-stream"

function writeHead(context: HttpContext, outgoing: ServerResponse, contentType: string): void {
  outgoing.writeHead(200, {
    "x-request-id": context.get("requestId"),
    "content-type": contentType,
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  })
  outgoing.flushHeaders()
}

function frameOf(message: string): string {
  return `event: message\ndata: ${oneLineJson(message)}\n\n`
}
