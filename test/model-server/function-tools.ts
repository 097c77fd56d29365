import { isAbsolute, join } from "node:path"
import type { ToolDirective } from "./script.ts"
import { newId, type ToolCaller } from "./tool-calls.ts"
import type { JsonObject, ResponsesBody } from "./wire.ts"
import { stringOf } from "./wire.ts"

const shellNames = ["bash", "run_shell_command", "shell"]
const writeNames = ["write", "write_file", "create"]

/**
 * Tools of agents that list plain functions (gemini, opencode, copilot): a shell, a way to write a file, and those of MCP
 * servers by their whole or their own name.
 */
export const functionTools: ToolCaller = {
  callItemsFor: (tools, body) => tools.map((tool) => callOf(tool, body)),
  // Their shells wait for their commands.
  followUpCall: () => null,
}

function callOf(tool: ToolDirective, body: ResponsesBody): JsonObject {
  const names = (body.tools ?? []).map((offered) => stringOf(offered.name))
  const named = (candidates: readonly string[]) =>
    names.find((name) => candidates.includes(name)) ?? candidates[0] ?? ""
  switch (tool.type) {
    case "shell":
      return call(named(shellNames), {
        command: tool.command,
        description: "As the script says",
        // copilot gives a command back to the model after so many seconds.
        initial_wait: 120,
      })
    case "edit": {
      const path = absolute(tool.path, body)
      return call(named(writeNames), {
        filePath: path,
        file_path: path,
        path,
        content: tool.text,
        file_text: tool.text,
      })
    }
    case "tool": {
      // A name that was not offered is called all the same: the answer to it is worth a test.
      const name = names.find((own) => own === tool.name) ?? names.find((own) => isEndOf(own, tool.name))
      return { ...call(name ?? tool.name, {}), arguments: tool.arguments }
    }
    case "js":
      throw new Error("[[js:..]] needs codex's code mode")
  }
}

/** Each CLI puts the server before the name with other marks between: `client_x`, `client-x`, `mcp__client__x`. */
export function isEndOf(own: string, name: string): boolean {
  return `_${joined(own)}`.endsWith(`_${joined(name)}`)
}

function joined(name: string): string {
  return name.replaceAll(/[_-]+/g, "_")
}

function absolute(path: string, body: ResponsesBody): string {
  if (isAbsolute(path)) return path
  const folder = /orking directory: (.+)/.exec(JSON.stringify(body.input))?.[1] ?? "/"
  return join(folder, path)
}

function call(name: string, args: JsonObject): JsonObject {
  return { type: "function_call", call_id: newId("call"), name, arguments: JSON.stringify(args) }
}
