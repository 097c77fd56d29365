import { isAbsolute, join } from "node:path"
import { isEndOf } from "../function-tools.ts"
import type { ToolDirective } from "../script.ts"
import { newId, type ToolCaller } from "../tool-calls.ts"
import type { JsonObject, ResponsesBody } from "../wire.ts"
import { stringOf } from "../wire.ts"

/** claude's `Bash` and `Write`, and the tools of its MCP servers by their whole or their own name. */
export const claudeTools: ToolCaller = {
  callItemsFor: (tools, body) => tools.map((tool) => callOf(tool, body)),
  // claude's shell waits for its commands.
  followUpCall: () => null,
}

function callOf(tool: ToolDirective, body: ResponsesBody): JsonObject {
  switch (tool.type) {
    case "shell":
      return call("Bash", { command: tool.command, description: "As the script says" })
    case "edit":
      return call("Write", { file_path: absolute(tool.path, body), content: tool.text })
    case "tool":
      return { ...call(nameOf(tool.name, body), {}), arguments: tool.arguments }
    case "js":
      throw new Error("[[js:..]] needs codex's code mode")
  }
}

function nameOf(name: string, body: ResponsesBody): string {
  const names = (body.tools ?? []).map((tool) => stringOf(tool.name))
  // A name that was not offered is called all the same: the answer to it is worth a test.
  return names.find((own) => own === name) ?? names.find((own) => isEndOf(own, name)) ?? name
}

function absolute(path: string, body: ResponsesBody): string {
  if (isAbsolute(path)) return path
  const folder = /orking directory: (.+)/.exec(stringOf(body.instructions))?.[1] ?? "/"
  return join(folder, path)
}

function call(name: string, args: JsonObject): JsonObject {
  return { type: "function_call", call_id: newId("toolu"), name, arguments: JSON.stringify(args) }
}
