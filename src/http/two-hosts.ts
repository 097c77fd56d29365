import type { IncomingMessage } from "node:http"
import { ProxyError } from "../domain/errors.ts"
import { newId } from "../domain/ids.ts"
import { errorAnswer } from "./error-answer.ts"

/**
 * What a request with more than one `Host` is told (RFC 9112, 3.2), upon which its connection is closed; null: it has none or one.
 * Node reads the first, a proxy may have read the second.
 */
export function refusalOfHosts({ rawHeaders }: IncomingMessage): ReturnType<typeof errorAnswer> | null {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ""
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1
  }
  if (hosts < 2) return null
  const error = new ProxyError("invalid_request", `The request has ${hosts} Host headers; it may have one.`)
  return errorAnswer(error, newId("req_"))
}
