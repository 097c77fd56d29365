import { request } from "node:http"
import { text } from "node:stream/consumers"

export interface LocalRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs: number
}

/**
 * A request to the service on this machine, whole, past the user's proxy: `fetch`, and Node's shared agent, go through it
 * where `NODE_USE_ENV_PROXY` is set. Rejects with what Node's `request` tells, and when the time is over.
 */
export function requestLocally(
  url: string,
  { method = "GET", headers = {}, body, timeoutMs }: LocalRequest,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const sent = request(url, { method, headers: { ...headers }, agent: false, signal })
    sent.once("response", (answer) => {
      text(answer).then((content) => resolve({ status: answer.statusCode ?? 0, body: content }), reject)
    })
    sent.on("error", reject)
    sent.end(body)
  })
}
