import { STATUS_CODES } from "node:http"
import type { errorAnswer } from "./error-answer.ts"

/** An answer as it is written to a bare socket, where Node has no response to write it with. It is the connection's last. */
export function bareAnswer({ status, headers, body }: ReturnType<typeof errorAnswer>): string {
  const all = { ...headers, connection: "close", "content-length": String(Buffer.byteLength(body)) }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`
}
