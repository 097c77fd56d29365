import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Answer } from "./answer.ts"
import { messagesWire } from "./anthropic/messages-wire.ts"
import { chatWire } from "./chat/chat-wire.ts"
import { geminiWholeWire, geminiWire } from "./gemini/gemini-wire.ts"
import type { ModelWire } from "./model-wire.ts"
import { planAnswer } from "./plan-answer.ts"
import { sendAnswer, sendError, sendJson } from "./send-answer.ts"
import { codexTools } from "./tool-calls.ts"
import type { JsonObject, RecordedRequest } from "./wire.ts"
import { parseObject, responsesBodyOf } from "./wire.ts"

/** A model that does what the user's message tells it to: the directives are listed in `README.md`. */
export interface ModelServer {
  /** Base URL for a provider's configuration; ends in `/v1`. */
  readonly url: string
  /** The newest requests to the model on any wire, oldest first; at most `maxRequests`. */
  readonly requests: readonly RecordedRequest[]
  clearRequests(): void
  /** Resolves when the next request to the model comes in. */
  nextRequest(): Promise<void>
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
  const waiting: (() => void)[] = []

  const countAttempt = (key: string) => {
    const attempt = (attempts.get(key) ?? 0) + 1
    attempts.set(key, attempt)
    return attempt
  }

  const answerOf = (wire: ModelWire, request: IncomingMessage, posted: JsonObject, text: string): Answer => {
    try {
      const body = wire.read(posted)
      requests.push({ path: request.url ?? "", headers: headersOf(request), body, posted, text })
      if (requests.length > maxRequests) requests.shift()
      for (const resolve of waiting.splice(0)) resolve()
      return planAnswer(body, countAttempt, wire.tools)
    } catch (error) {
      // A script that cannot be followed must fail the turn with its reason, not hang the test.
      return { type: "error", status: 400, message: `model server: ${String(error)}` }
    }
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const path = new URL(request.url ?? "/", "http://127.0.0.1").pathname
    const wire = request.method === "POST" ? wireOf(path) : undefined
    if (wire !== undefined) {
      const text = await readBody(request)
      const posted = parseObject(text)
      if (posted === null) sendError(response, 400, "model server: the body is not a JSON object")
      else await wire.send(response, answerOf(wire, request, posted, text), posted)
    } else if (request.method === "GET" && path === "/v1/models") sendJson(response, 200, modelList)
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
    nextRequest: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
      }),
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

const wires: ReadonlyMap<string, ModelWire> = new Map([
  ["/v1/responses", { read: responsesBodyOf, tools: codexTools, send: sendAnswer }],
  ["/v1/messages", messagesWire],
  ["/v1/chat/completions", chatWire],
  [":streamGenerateContent", geminiWire],
  [":generateContent", geminiWholeWire],
])

/** By the path; gemini's has the name of the model before its last word. */
function wireOf(path: string): ModelWire | undefined {
  return wires.get(path) ?? wires.get(/:\w+$/.exec(path)?.[0] ?? "")
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
