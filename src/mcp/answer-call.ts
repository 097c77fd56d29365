import { completeResult } from "./answer-request.ts"
import {
  errorText,
  type Fields,
  fieldsOf,
  notificationText,
  RpcError,
  type RpcRequest,
  resultText,
} from "./json-rpc.ts"
import type { OpenChannel } from "./open-channel.ts"

/** The message that answers a call of a tool; null: nobody waits for it any more. Rejects for faults of ours only. */
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

/** Messages that say that the call goes on, for clients that asked for them: some wait longer then. */
export function progressOf(params: Fields): () => string | null {
  const { progressToken } = fieldsOf(params._meta)
  let progress = 0
  return () => {
    if (typeof progressToken !== "string" && typeof progressToken !== "number") return null
    progress += 1
    return notificationText("notifications/progress", { progressToken, progress })
  }
}
