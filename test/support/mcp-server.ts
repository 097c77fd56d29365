import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"

type Fields = Readonly<Record<string, unknown>>

export interface McpServer {
  readonly url: string
  /** Cuts open connections. Safe twice. */
  close(): Promise<void>
}

/**
 * The least MCP server (streamable HTTP, no session, no stream) with one tool that takes any object and answers a text: for
 * tests of what an agent does by itself.
 */
export async function startMcpServer(tool: string, answer: (args: Fields) => string): Promise<McpServer> {
  const resultOf = (method: unknown, params: Fields): Fields | null => {
    switch (method) {
      case "initialize":
        return {
          protocolVersion: params.protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: "test", version: "1" },
        }
      case "tools/list":
        return { tools: [{ name: tool, description: `The tool ${tool}`, inputSchema: { type: "object" } }] }
      case "tools/call":
        return { content: [{ type: "text", text: answer(fieldsOf(params.arguments)) }] }
      case "ping":
        return {}
      default:
        return null
    }
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    // GET asks for a stream of server messages, which we do not have.
    if (request.method !== "POST") return void response.writeHead(405).end()
    const message = fieldsOf(await json(request))
    if (message.id === undefined) return void response.writeHead(202).end()
    const result = resultOf(message.method, fieldsOf(message.params))
    const body = result === null ? { error: { code: -32601, message: "no such method" } } : { result }
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...body }))
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", resolve)
  })
  // Listening on a TCP port always gives an AddressInfo.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function fieldsOf(value: unknown): Fields {
  // Any object will do: what is not there reads as undefined.
  return typeof value === "object" && value !== null ? (value as Fields) : {}
}
