import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import { ProxyError } from "../domain/errors.ts"
import { toErrorResponse } from "../protocol/errors.ts"
import type { HttpContext } from "./http-env.ts"
import { answerAndDiscard } from "./lingering-answer.ts"

/** The envelope with its status and headers for anything that was thrown; notes the fault for the log. */
export async function answerError(
  context: HttpContext,
  error: unknown,
  extraHeaders: Readonly<Record<string, string>> = {},
): Promise<Response> {
  context.set("failure", error)
  const answer = errorAnswer(error, context.var.requestId)
  const { status, body } = answer
  const headers = { ...answer.headers, ...extraHeaders }
  const { incoming, outgoing } = context.env ?? {}
  const isBodyOnItsWay =
    error instanceof ProxyError && (error.code === "body_too_large" || error.code === "file_storage_full")
  if (isBodyOnItsWay && incoming !== undefined && outgoing !== undefined) {
    await answerAndDiscard(incoming, outgoing, { status, headers, body })
    return RESPONSE_ALREADY_SENT
  }
  return new Response(body, { status, headers })
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
