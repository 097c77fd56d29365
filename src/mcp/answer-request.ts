import type { FunctionTool } from "../domain/items.ts"
import {
  errorText,
  type Fields,
  fieldsOf,
  notificationText,
  type RequestId,
  RpcError,
  type RpcRequest,
  resultText,
  rpcCodes,
} from "./json-rpc.ts"
import type { OpenChannel } from "./open-channel.ts"

/** Revisions with a handshake, the newest first. */
const handshakeVersions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const
/** Revisions whose requests stand for themselves: each names its version. */
const statelessVersions = ["2026-07-28"] as const
const subscriptionKey = "io.modelcontextprotocol/subscriptionId"
const versionKey = "io.modelcontextprotocol/protocolVersion"
const unsupportedVersion = -32_022

interface ServerInfo {
  readonly name: string
  readonly version: string
}

/**
 * Answers whatever does not need the agent's client; calls of tools are the channel's. Nothing is
 * remembered between two requests, in either kind of revision. Throws `RpcError`.
 */
export function answerRequest(
  method: string,
  params: Fields,
  channel: Pick<OpenChannel, "list">,
  serverInfo: ServerInfo,
): Fields {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: agreedVersion(params.protocolVersion),
        capabilities,
        serverInfo,
      }
    case "server/discover":
      return { supportedVersions: statelessVersions, capabilities, ...uncached }
    case "ping":
      return {}
    case "tools/list":
      return { tools: channel.list().map(toolOf), ...(isStateless(params) && uncached) }
    default:
      throw new RpcError(rpcCodes.methodNotFound, `There is no method ${method.slice(0, 100)}.`)
  }
}

/** A result as the revision of its request wants it. */
export function completeResult(params: Fields, result: Fields): Fields {
  return isStateless(params) ? { resultType: "complete", ...result } : result
}

/** Says that the functions changed. `id`: of the request to be told; null: the older way. */
export function changedText(id: RequestId | null): string {
  return notificationText("notifications/tools/list_changed", subscriptionOf(id))
}

/** The first message of a stream that a client has asked for by `subscriptions/listen`. */
export function listeningText({ id, params }: RpcRequest): string {
  const { toolsListChanged } = fieldsOf(params.notifications)
  const notifications = toolsListChanged === true ? { toolsListChanged } : {}
  return notificationText("notifications/subscriptions/acknowledged", {
    ...subscriptionOf(id),
    notifications,
  })
}

function subscriptionOf(id: RequestId | null): Fields {
  return id === null ? {} : { _meta: { [subscriptionKey]: id } }
}

/** Throws `RpcError` where a request names a revision that is not spoken here. */
export function checkVersion(params: Fields): void {
  const requested = fieldsOf(params._meta)[versionKey]
  if (requested === undefined || statelessVersions.some((version) => version === requested)) return
  throw new RpcError(unsupportedVersion, "This version of the protocol is not spoken here.", {
    supported: statelessVersions,
    requested: String(requested).slice(0, 100),
  })
}

const capabilities = { tools: { listChanged: true } } as const

const uncached = { ttlMs: 0, cacheScope: "private" } as const

function isStateless(params: Fields): boolean {
  return fieldsOf(params._meta)[versionKey] !== undefined
}

function agreedVersion(requested: unknown): string {
  return handshakeVersions.find((version) => version === requested) ?? handshakeVersions[0]
}

function toolOf({ name, description, parameters }: FunctionTool): Fields {
  // MCP wants the word; a client of the OpenAI API may leave it out.
  return { name, description, inputSchema: { ...parameters, type: "object" } }
}

/** Answers a call; null: nobody waits any more. Rejects for faults of ours only. */
export async function answerCall(
  channel: OpenChannel,
  { id, params, argumentsText }: RpcRequest,
  gone: AbortSignal,
): Promise<string | null> {
  try {
    const result = await channel.call(id, params, gone, argumentsText)
    return result === null ? null : resultText(id, completeResult(params, result))
  } catch (error) {
    if (error instanceof RpcError) return errorText(id, error)
    throw error
  }
}

/** Says that the call goes on to clients that asked for it: some wait longer then. */
export function progressOf(params: Fields): () => string | null {
  const { progressToken } = fieldsOf(params._meta)
  let progress = 0
  return () => {
    if (typeof progressToken !== "string" && typeof progressToken !== "number") return null
    progress += 1
    return notificationText("notifications/progress", { progressToken, progress })
  }
}
