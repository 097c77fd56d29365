import { type Agent, request } from "node:http"
import { text } from "node:stream/consumers"
import type { Target } from "./sse-request.ts"

interface JsonAnswer {
  readonly id?: string
  readonly status?: string
  /** Of a chat completion. */
  readonly choices?: readonly { readonly message: { readonly content: string } }[]
}

export function postJson(target: Target, agent: Agent, path: string, body: object): Promise<JsonAnswer> {
  return send(target, agent, "POST", path, JSON.stringify(body))
}

export function getJson(target: Target, agent: Agent, path: string): Promise<JsonAnswer> {
  return send(target, agent, "GET", path, null)
}

/** Rejects unless the answer is a 200. */
function send(
  { port, key }: Target,
  agent: Agent,
  method: string,
  path: string,
  body: string | null,
): Promise<JsonAnswer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(body !== null && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
      ...(key !== null && { authorization: `Bearer ${key}` }),
    }
    const outgoing = request({ host: "127.0.0.1", port, path, method, agent, headers }, (incoming) => {
      text(incoming).then((content) => {
        if (incoming.statusCode === 200) resolve(JSON.parse(content))
        else reject(new Error(`status ${incoming.statusCode}: ${content.slice(0, 300)}`))
      }, reject)
    })
    outgoing.once("error", reject)
    outgoing.end(body ?? undefined)
  })
}
