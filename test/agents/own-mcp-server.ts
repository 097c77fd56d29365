/** An MCP server as a person adds one to a CLI's own configuration: it speaks over stdio, and writes its pid to a file. */
import { writeFileSync } from "node:fs"
import { createInterface } from "node:readline"

const [, , pidFile = ""] = process.argv
writeFileSync(pidFile, `${process.pid}\n`)

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { id, method, params } = JSON.parse(line)
    if (id === undefined) return
    const result =
      method === "initialize"
        ? {
            protocolVersion: params.protocolVersion,
            capabilities: { tools: {} },
            serverInfo: { name: "own", version: "1" },
          }
        : method === "tools/list"
          ? {
              tools: [{ name: "own_tool", description: "The person's own", inputSchema: { type: "object" } }],
            }
          : {}
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`)
  })
  .on("close", () => process.exit(0))
