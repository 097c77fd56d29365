/**
 * An MCP server as a person adds one to a CLI's own configuration: it speaks over stdio, and writes its pid to a file. Given a
 * second file, it starts a program as servers start a browser, in a session of its own, and writes the pid of that there.
 */
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { createInterface } from "node:readline"

const [, , pidFile = "", browserFile] = process.argv
writeFileSync(pidFile, `${process.pid}\n`)
if (browserFile !== undefined) {
  const browser = spawn("sleep", ["300"], { detached: true, stdio: "ignore" })
  browser.unref()
  writeFileSync(browserFile, `${browser.pid}\n`)
}

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
