type Fields = Readonly<Record<string, unknown>>

/**
 * Calls a tool of an MCP server that an agent was given (`{url, headers: [{name, value}]}`) over streamable HTTP, the least
 * of it: initialize, then the call. Gives back the result.
 */
export async function callTool(
  server: Fields,
  name: string,
  args: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  }
  // As our own client writes it.
  for (const header of server.headers as readonly { name: string; value: string }[])
    headers[header.name] = header.value
  const post = async (message: Fields): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message })
    const response = await fetch(String(server.url), { method: "POST", headers, body, signal })
    const session = response.headers.get("mcp-session-id")
    if (session !== null) headers["mcp-session-id"] = session
    const text = await response.text()
    if (message.id === undefined) return null
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true
    const data = isStream ? (/^data: ?(\{.*"id".*)$/m.exec(text)?.[1] ?? "null") : text
    const answer: { result?: unknown; error?: unknown } | null = JSON.parse(data)
    return answer?.result ?? answer?.error ?? null
  }
  const clientInfo = { name: "acp-agent", version: "1" }
  await post({
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo },
  })
  await post({ method: "notifications/initialized" })
  return post({ id: 2, method: "tools/call", params: { name, arguments: args } })
}
