import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Answer } from "./answer.ts"
import { planAnswer } from "./plan-answer.ts"
import { sendAnswer, sendError, sendJson } from "./send-answer.ts"
import type { RecordedRequest } from "./wire.ts"
import { parseBody } from "./wire.ts"

/** A model that does what the user's message tells it to: the directives are listed in `README.md`. */
export interface ModelServer {
  /** Base URL for a provider's configuration; ends in `/v1`. */
  readonly url: string
  /** The newest requests to `/v1/responses`, oldest first; at most `maxRequests`. */
  readonly requests: readonly RecordedRequest[]
  clearRequests(): void
  /** Cuts every open stream and stops listening. Safe twice. */
  close(): Promise<void>
}

export interface ModelServerOptions {
  /** How many requests are kept; the oldest go first. */
  readonly maxRequests?: number
}

export async function startModelServer(options: ModelServerOptions = {}): Promise<ModelServer> {
  const maxRequests = options.maxRequests ?? 500
  const requests: RecordedRequest[] = []
  const attempts = new Map<string, number>()

  const countAttempt = (key: string) => {
    const attempt = (attempts.get(key) ?? 0) + 1
    attempts.set(key, attempt)
    return attempt
  }

  const answerOf = async (request: IncomingMessage): Promise<Answer> => {
    const text = await readBody(request)
    try {
      const body = parseBody(text)
      requests.push({ path: request.url ?? "", headers: headersOf(request), body })
      if (requests.length > maxRequests) requests.shift()
      return planAnswer(body, countAttempt)
    } catch (error) {
      // A script that cannot be followed must fail the turn with its reason, not hang the test.
      return { type: "error", status: 400, message: `model server: ${String(error)}` }
    }
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const path = new URL(request.url ?? "/", "http://127.0.0.1").pathname
    if (request.method === "POST" && path === "/v1/responses")
      await sendAnswer(response, await answerOf(request))
    else if (request.method === "GET" && path === "/v1/models") sendJson(response, 200, modelList)
    else sendError(response, 404, `model server: no ${request.method} ${path}`)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(asError(error)))
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", resolve)
  })
  // Listening on a TCP port always gives an AddressInfo.
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    clearRequests: () => {
      requests.length = 0
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

const modelList = {
  object: "list",
  data: ["scripted-1", "gpt-5.5", "gpt-6-sol"].map((id) => ({
    id,
    object: "model",
    created: 0,
    owned_by: "scripted",
  })),
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString("utf8")
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value
  return headers
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
