import { randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import type { FunctionTool } from "../../src/domain/backend.ts"
import type { ContentPart } from "../../src/domain/items.ts"
import type { ToolCall, ToolEndpoint } from "../../src/domain/tool-endpoint.ts"

type Fields = Readonly<Record<string, unknown>>

export interface TestToolEndpoint extends ToolEndpoint {
  /** Cuts open connections. Safe twice. */
  close(): Promise<void>
}

interface Channel {
  readonly tools: readonly FunctionTool[]
  readonly onCall: (call: ToolCall) => void
}

/** The least endpoint for a backend's functions over MCP: for tests of backends without the service around them. */
export async function startToolEndpoint(): Promise<TestToolEndpoint> {
  const channels = new Map<string, Channel>()

  const call = (channel: Channel, params: Fields, response: ServerResponse): Promise<Fields> =>
    new Promise((resolve) => {
      const gone = new AbortController()
      response.once("close", () => gone.abort())
      channel.onCall({
        callId: `call_${randomUUID()}`,
        name: String(params.name),
        arguments: JSON.stringify(params.arguments ?? {}),
        signal: gone.signal,
        answer: (output, isError = false) => resolve({ content: output.map(mcpPart), isError }),
      })
    })

  const resultOf = async (
    channel: Channel,
    method: unknown,
    params: Fields,
    response: ServerResponse,
  ): Promise<Fields | null> => {
    switch (method) {
      case "initialize":
        return {
          protocolVersion: params.protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: "client", version: "1" },
        }
      case "tools/list":
        return {
          tools: channel.tools.map(({ name, description, parameters }) => ({
            name,
            description,
            inputSchema: parameters,
          })),
        }
      case "tools/call":
        return call(channel, params, response)
      case "ping":
        return {}
      default:
        return null
    }
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const channel = channels.get(request.headers.authorization ?? "")
    if (channel === undefined) return void response.writeHead(401).end()
    // GET asks for a stream of server messages, which we do not have.
    if (request.method !== "POST") return void response.writeHead(405).end()
    const message = fieldsOf(await json(request))
    if (message.id === undefined) return void response.writeHead(202).end()
    const result = await resultOf(channel, message.method, fieldsOf(message.params), response)
    const body = result === null ? { error: { code: -32601, message: "no such method" } } : { result }
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...body }))
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  // Listening on a TCP port always gives an AddressInfo.
  const { port } = server.address() as AddressInfo

  return {
    open: async (tools, onCall) => {
      const token = `Bearer ${randomUUID()}`
      channels.set(token, { tools, onCall })
      return {
        url: `http://127.0.0.1:${port}/mcp`,
        headers: { Authorization: token },
        close: () => void channels.delete(token),
      }
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function mcpPart(part: ContentPart): Fields {
  if (part.type === "text") return { type: "text", text: part.text }
  const [, mimeType, data] = /^data:([^;,]+);base64,(.*)$/s.exec(part.url) ?? []
  return { type: "image", mimeType, data }
}

function fieldsOf(value: unknown): Fields {
  // Any object will do: what is not there reads as undefined.
  return typeof value === "object" && value !== null ? (value as Fields) : {}
}
