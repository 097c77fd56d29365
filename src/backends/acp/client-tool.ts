import type { ToolUpdate } from "./protocol.ts"
import { clientServer } from "./threads.ts"

/**
 * True for a tool call of the program that is one of the client's functions. The protocol does not name the tool: the title
 * does, each program in its own way (`client_lookup`, `client-lookup`, `mcp.client.lookup`, `lookup (client MCP Server)`).
 */
export function isClientTool(tool: ToolUpdate, functionNames: readonly string[]): boolean {
  const title = tool.title ?? ""
  return functionNames.some((name) => {
    const own = escaped(name)
    const whole = `(?:^|[^a-z0-9])${clientServer}[^a-z0-9]+${own}`
    return (
      new RegExp(`${whole}(?![a-z0-9_-])|^${own}(?: \\(${clientServer}\\b|$)`, "i").test(title) ||
      // gemini's ids begin with the name, and go on after it.
      new RegExp(`${whole}(?![a-z0-9])`, "i").test(tool.toolCallId)
    )
  })
}

function escaped(text: string): string {
  return text.replaceAll(/[^a-z0-9]/gi, (char) => (/[\w-]/.test(char) ? "[_-]" : `\\${char}`))
}
