import type { CommandItem, FileChange, FileChangeItem, ItemStatus, ToolCallItem } from "../../domain/items.ts"
import { clientServer } from "../kit/functions/handed-functions.ts"
import { fieldsIn } from "../kit/rpc/json-noise.ts"
import type { ToolUpdate } from "./protocol.ts"

/** What a tool call has told so far: each update replaces the fields that it has. */
export function mergedUpdate(before: ToolUpdate | undefined, update: ToolUpdate): ToolUpdate {
  if (before === undefined) return update
  return {
    toolCallId: update.toolCallId,
    title: update.title ?? before.title,
    kind: update.kind ?? before.kind,
    status: update.status ?? before.status,
    content: update.content ?? before.content,
    locations: update.locations ?? before.locations,
    rawInput: update.rawInput ?? before.rawInput,
    rawInputText: (update.rawInput == null ? before : update).rawInputText ?? null,
    rawOutput: update.rawOutput ?? before.rawOutput,
  }
}

/** Longest output of a tool that is kept; a program may print without end. */
const maxOutputLength = 4 * 1024 * 1024

/** The item that a tool call of the program is for us. */
export function itemOfTool(
  tool: ToolUpdate,
  status: ItemStatus,
  { server, cwd }: { readonly server: string; readonly cwd: string },
): CommandItem | FileChangeItem | ToolCallItem {
  const id = tool.toolCallId
  const command = tool.kind === "execute" ? commandOf(tool) : null
  if (command !== null) {
    const output = outputOf(tool)
    const exitCode = exitCodeOf(tool, output)
    return {
      type: "command",
      id,
      command,
      cwd: textField(tool.rawInput, "cwd") ?? cwd,
      output: withoutExitNote(output),
      exitCode,
      status: status === "completed" && exitCode !== null && exitCode !== 0 ? "failed" : status,
    }
  }
  const changes = changesOf(tool)
  if (changes.length > 0) return { type: "file_change", id, changes, status }
  const output = outputOf(tool)
  return {
    type: "tool_call",
    id,
    server,
    tool: tool.title || tool.kind || "tool",
    arguments: tool.rawInput == null ? "{}" : (tool.rawInputText ?? JSON.stringify(tool.rawInput)),
    output: status === "in_progress" ? null : output,
    error: status === "failed" ? output || "It failed." : null,
    status,
  }
}

/** The shell command; null: not told yet. */
export function commandOf(tool: ToolUpdate): string | null {
  const told = textField(tool.rawInput, "command") ?? textField(tool.rawInput, "cmd")
  if (told !== null) return told
  // Some tell it as the title alone.
  return tool.rawInput == null ? (tool.title ?? null) : null
}

function changesOf(tool: ToolUpdate): FileChange[] {
  const diffs = (tool.content ?? []).flatMap((part): FileChange[] => {
    if (part.type !== "diff" || part.path == null) return []
    const { path, oldText, newText } = part
    if (newText == null) return [{ path, kind: "delete", diff: "" }]
    return oldText == null || oldText === ""
      ? [{ path, kind: "add", diff: newText }]
      : [{ path, kind: "update", diff: unifiedDiff(path, oldText, newText) }]
  })
  if (diffs.length > 0 || (tool.kind !== "edit" && tool.kind !== "delete")) return diffs
  const kind = tool.kind === "delete" ? "delete" : "update"
  const paths = new Set((tool.locations ?? []).map((location) => location.path))
  return [...paths].map((path) => ({ path, kind, diff: textField(tool.rawInput, "content") ?? "" }))
}

function outputOf(tool: ToolUpdate): string {
  const raw = textField(tool.rawOutput, "output") ?? textField(tool.rawOutput, "content")
  const shown = (tool.content ?? []).flatMap((part) => part.content?.text ?? []).join("\n")
  const text = tool.kind === "execute" && raw !== null ? raw : shown || raw || textOf(tool.rawOutput)
  return text.length > maxOutputLength ? text.slice(0, maxOutputLength).toWellFormed() : text
}

function textOf(value: unknown): string {
  if (value == null) return ""
  return typeof value === "string" ? value : JSON.stringify(value)
}

/** copilot writes it behind the output: `<shellId: 0 completed with exit code 3>`. */
const exitNote = /\n?<[^<>\n]*exit code:? (\d+)[^<>\n]*>\s*$/

function exitCodeOf(tool: ToolUpdate, output: string): number | null {
  const raw = fieldsIn(tool.rawOutput)
  const metadata = fieldsIn(raw.metadata)
  for (const value of [metadata.exit, raw.exitCode, raw.exit_code, raw.exit]) {
    if (typeof value === "number") return value
  }
  const match = exitNote.exec(output) ?? /^Exit Code: (\d+)$/m.exec(output)
  return match === null ? null : Number(match[1])
}

function withoutExitNote(output: string): string {
  return output.replace(exitNote, "")
}

function textField(value: unknown, name: string): string | null {
  const field = fieldsIn(value)[name]
  return typeof field === "string" ? field : null
}

const contextLines = 3

/** A unified diff with one hunk: from the first line that differs to the last one. */
export function unifiedDiff(path: string, oldText: string, newText: string): string {
  const before = linesOf(oldText)
  const after = linesOf(newText)
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++
  const from = Math.max(0, start - contextLines)
  const beforeEnd = Math.min(before.length, before.length - end + contextLines)
  const afterEnd = Math.min(after.length, after.length - end + contextLines)
  const lines = [
    ...before.slice(from, start).map((line) => ` ${line}`),
    ...before.slice(start, before.length - end).map((line) => `-${line}`),
    ...after.slice(start, after.length - end).map((line) => `+${line}`),
    ...before.slice(before.length - end, beforeEnd).map((line) => ` ${line}`),
  ]
  const header = `@@ -${range(from, beforeEnd)} +${range(from, afterEnd)} @@`
  return [`--- ${path}`, `+++ ${path}`, header, ...lines, ""].join("\n")
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n")
}

function range(from: number, to: number): string {
  return `${to > from ? from + 1 : from},${to - from}`
}

/**
 * True for a tool call of the program that is one of the client's functions. The protocol does not
 * name the tool: the title does, each program in its own way (`client_lookup`, `client-lookup`,
 * `mcp.client.lookup`, `lookup (client MCP Server)`).
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
