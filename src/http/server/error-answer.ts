import type { IncomingMessage } from "node:http"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import { toErrorResponse } from "../../protocol/common/errors.ts"
import type { HttpContext } from "./http-env.ts"
import { answerAndDiscard } from "./lingering-answer.ts"

/** The envelope with its status and headers for anything that was thrown; notes the fault for the log. */
export async function answerError(
  context: HttpContext,
  error: unknown,
  extraHeaders: Readonly<Record<string, string>> = {},
): Promise<Response> {
  context.set("failure", error)
  const answer = errorAnswer(error, context.get("requestId"))
  const { status, body } = answer
  const headers = { ...answer.headers, ...extraHeaders }
  const { incoming, outgoing } = context.env ?? {}
  if (incoming !== undefined && outgoing !== undefined && (await isBodyOnItsWay(incoming))) {
    await answerAndDiscard(incoming, outgoing, { status, headers, body })
    return RESPONSE_ALREADY_SENT
  }
  return new Response(body, { status, headers })
}

/** Its rest would stand before the next request of the connection, or have it cut in the middle of that. */
async function isBodyOnItsWay(incoming: IncomingMessage): Promise<boolean> {
  const { "content-length": length = "0", "transfer-encoding": encoding } = incoming.headers
  if (incoming.complete || (length === "0" && encoding === undefined)) return false
  // A short body came with the headers, and is taken apart behind them.
  await new Promise((resolve) => setImmediate(resolve))
  return !incoming.complete && !incoming.destroyed
}

/** The same outside a context: faults that Node finds before there is a request. */
export function errorAnswer(
  error: unknown,
  requestId: string,
): { readonly status: number; readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  const { status, body, headers } = toErrorResponse(error, requestId)
  return {
    status,
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", "x-request-id": requestId, ...headers },
  }
}
