import { rawValueAt } from "../domain/raw-json.ts"

export type Fields = Readonly<Record<string, unknown>>
export type RequestId = string | number

export interface RpcRequest {
  readonly type: "request"
  readonly id: RequestId
  readonly method: string
  readonly params: Fields
  /** The arguments of a call as they stand in the body; null: there are none. */
  readonly argumentsText: string | null
}

/** What one body of a client holds. Answers to requests of ours do not exist: we make none. */
export type RpcMessage =
  | RpcRequest
  | { readonly type: "notification"; readonly method: string; readonly params: Fields }

export const rpcCodes = {
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
} as const

/** Goes to the client as the `error` of its request. */
export class RpcError extends Error {
  readonly code: number
  readonly data: Fields | null

  constructor(code: number, message: string, data: Fields | null = null) {
    super(message)
    this.name = "RpcError"
    this.code = code
    this.data = data
  }
}

/** `text`: as it came. Throws `RpcError`. Null: a response, which is nobody's. */
export function readMessage(body: unknown, text: string): RpcMessage | null {
  if (Array.isArray(body))
    throw new RpcError(rpcCodes.invalidRequest, "Batches are not taken; send one message.")
  const { jsonrpc, id, method, params } = fieldsOf(body)
  if (jsonrpc !== "2.0") throw new RpcError(rpcCodes.invalidRequest, "This is not a message of JSON-RPC 2.0.")
  if (method === undefined && id !== undefined) return null
  if (typeof method !== "string") throw new RpcError(rpcCodes.invalidRequest, "The message has no method.")
  if (id === undefined) return { type: "notification", method, params: fieldsOf(params) }
  if (typeof id !== "string" && typeof id !== "number")
    throw new RpcError(rpcCodes.invalidRequest, "The id of a request is a string or a number.")
  const argumentsText = method === "tools/call" ? rawValueAt(text, ["params", "arguments"]) : null
  return { type: "request", id, method, params: fieldsOf(params), argumentsText }
}

export function resultText(id: RequestId, result: Fields): string {
  return JSON.stringify({ jsonrpc: "2.0", id, result })
}

/** `id` null: the request could not be read so far. */
export function errorText(id: RequestId | null, { code, message, data }: RpcError): string {
  const error = { code, message, ...(data !== null && { data }) }
  return JSON.stringify({ jsonrpc: "2.0", id, error })
}

export function notificationText(method: string, params: Fields): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params })
}

export function fieldsOf(value: unknown): Fields {
  // Any object will do: what is not there reads as undefined.
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}
