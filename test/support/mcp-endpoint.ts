import type { ToolEndpoint } from "../../src/domain/tool-endpoint.ts"
import { startHttpServer } from "../../src/http/server/http-server.ts"
import { appFixture } from "../http/http-fixture.ts"

export interface McpEndpoint {
  readonly endpoint: ToolEndpoint
  close(): Promise<void>
}

/** The service's own endpoint for functions, on a free port, without the rest of the service behind it. */
export async function startMcpEndpoint(): Promise<McpEndpoint> {
  const { app, channels } = appFixture()
  const server = await startHttpServer(app, { host: "127.0.0.1", port: 0, closeGraceMs: 0 })
  channels.listening(`${server.localUrl}/mcp`)
  return {
    endpoint: channels,
    close: async () => {
      channels.stop()
      await server.close()
    },
  }
}
