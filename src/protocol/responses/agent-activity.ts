import * as z from "zod"
import type { CommandItem, FileChangeItem, ItemStatus, ToolCallItem } from "../../domain/items.ts"
import { editLines } from "../common/answer-parts.ts"

/** What an agent did by itself, as the `mcp_call` item of the API. */
export type Activity = CommandItem | FileChangeItem | ToolCallItem

/** The parts of an `mcp_call` that carry meaning; the rest is the same for all. */
export type CallFields = Pick<ToolCallItem, "server" | "tool" | "arguments" | "output" | "error">

const shellName = "shell"
const patchName = "apply_patch"
const exitCodePattern = /^exit code (-?\d{1,10})$/

/** `serverLabel`: for items that do not know whose they are. */
export function callOf(item: Activity, serverLabel: string): CallFields {
  const isOver = item.status !== "in_progress"
  switch (item.type) {
    case "command":
      return {
        server: item.server ?? serverLabel,
        tool: shellName,
        arguments: JSON.stringify({ command: item.command, cwd: item.cwd }),
        output: isOver ? item.output : null,
        error: commandError(item),
      }
    case "file_change":
      return {
        server: item.server ?? serverLabel,
        tool: patchName,
        arguments: JSON.stringify({ changes: item.changes }),
        output: item.status === "completed" ? editLines(item) : null,
        error: item.status === "failed" ? "the edit failed" : null,
      }
    case "tool_call":
      return item
  }
}

const shellArguments = z.object({ command: z.string(), cwd: z.string().nullable() })
const patchArguments = z.object({
  changes: z.array(
    z.object({ path: z.string(), kind: z.enum(["add", "update", "delete"]), diff: z.string() }),
  ),
})

/** The way back, for items that a client resends; what is not of our making stays a tool call. */
export function activityOf(call: CallFields, id: string, status: ItemStatus): Activity {
  const input = parseJson(call.arguments)
  const { server } = call
  if (call.tool === shellName) {
    const shell = shellArguments.safeParse(input)
    if (shell.success) {
      const code = exitCodePattern.exec(call.error ?? "")?.[1]
      const exitCode = code === undefined ? (status === "completed" ? 0 : null) : Number(code)
      return { type: "command", id, server, ...shell.data, output: call.output ?? "", exitCode, status }
    }
  }
  if (call.tool === patchName) {
    const patch = patchArguments.safeParse(input)
    if (patch.success) return { type: "file_change", id, server, changes: patch.data.changes, status }
  }
  return { type: "tool_call", id, ...call, status }
}

function commandError(item: CommandItem): string | null {
  if (item.exitCode !== null && item.exitCode !== 0) return `exit code ${item.exitCode}`
  return item.status === "failed" ? "the command failed" : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Arguments of another server's tool may be any text; they are kept as they are.
    return undefined
  }
}
