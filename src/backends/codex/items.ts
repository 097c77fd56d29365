import { z } from "zod"
import type { FileChange, Item, ItemStatus, Phase } from "../../domain/items.ts"
import type { NativeItem } from "./protocol.ts"

const toolServer = "codex"

const statusSchema = z.string().nullish()

const schemas = {
  agentMessage: z.object({ id: z.string(), text: z.string(), phase: z.string().nullish() }),
  reasoning: z.object({ id: z.string(), summary: z.array(z.string()).default([]) }),
  commandExecution: z.object({
    id: z.string(),
    command: z.string(),
    cwd: z.string().nullish(),
    aggregatedOutput: z.string().nullish(),
    exitCode: z.number().nullish(),
    status: statusSchema,
  }),
  fileChange: z.object({
    id: z.string(),
    changes: z.array(
      z.object({ path: z.string(), kind: z.looseObject({ type: z.string() }), diff: z.string().default("") }),
    ),
    status: statusSchema,
  }),
  mcpToolCall: z.object({
    id: z.string(),
    server: z.string(),
    tool: z.string(),
    arguments: z.unknown(),
    /** The same as it was written, see `AppServer`. */
    argumentsText: z.string().nullish(),
    result: z.object({ content: z.array(z.unknown()) }).nullish(),
    error: z.object({ message: z.string() }).nullish(),
    status: statusSchema,
  }),
  webSearch: z.object({ id: z.string(), query: z.string().nullish() }),
  imageView: z.object({ id: z.string(), path: z.string() }),
  collabAgentToolCall: z.object({
    id: z.string(),
    tool: z.string(),
    prompt: z.string().nullish(),
    status: statusSchema,
  }),
} as const

/**
 * A native item in our words; null for those that are not output (what the user said, the client's own functions) and
 * for kinds that we do not know. `isDone` tells `item/completed` from `item/started`. Throws a `ZodError` when a known
 * kind has another form.
 */
export function itemOf(native: NativeItem, isDone: boolean): Item | null {
  switch (native.type) {
    case "agentMessage": {
      const { id, text, phase } = schemas.agentMessage.parse(native)
      const content = isDone ? [{ type: "text" as const, text }] : []
      const status = isDone ? "completed" : "in_progress"
      return { type: "message", id, role: "assistant", content, phase: phaseOf(phase), status }
    }
    case "reasoning": {
      const { id, summary } = schemas.reasoning.parse(native)
      return isDone
        ? { type: "reasoning", id, summary, status: "completed" }
        : { type: "reasoning", id, summary: [], status: "in_progress" }
    }
    case "commandExecution": {
      const item = schemas.commandExecution.parse(native)
      return {
        type: "command",
        id: item.id,
        command: withoutShell(item.command),
        cwd: item.cwd ?? null,
        output: item.aggregatedOutput ?? "",
        exitCode: item.exitCode ?? null,
        status: statusOf(item.status, isDone),
      }
    }
    case "fileChange": {
      const item = schemas.fileChange.parse(native)
      const changes: FileChange[] = item.changes.map(({ path, kind, diff }) => ({
        path,
        kind: kind.type === "add" || kind.type === "delete" ? kind.type : "update",
        diff,
      }))
      return { type: "file_change", id: item.id, changes, status: statusOf(item.status, isDone) }
    }
    case "mcpToolCall": {
      const item = schemas.mcpToolCall.parse(native)
      return {
        type: "tool_call",
        id: item.id,
        server: item.server,
        tool: item.tool,
        arguments: item.arguments == null ? "{}" : (item.argumentsText ?? JSON.stringify(item.arguments)),
        output: item.result == null ? null : item.result.content.map(textOfMcpContent).join("\n"),
        error: item.error?.message ?? null,
        status: statusOf(item.status, isDone),
      }
    }
    case "webSearch": {
      const { id, query } = schemas.webSearch.parse(native)
      return { type: "web_search", id, query: query ?? "", status: isDone ? "completed" : "in_progress" }
    }
    case "imageView": {
      const { id, path } = schemas.imageView.parse(native)
      return ownTool(id, "view_image", { path }, isDone ? "completed" : "in_progress")
    }
    case "collabAgentToolCall": {
      const { id, tool, prompt, status } = schemas.collabAgentToolCall.parse(native)
      return ownTool(id, tool, prompt == null ? {} : { prompt }, statusOf(status, isDone))
    }
    default:
      return null
  }
}

function ownTool(
  id: string,
  tool: string,
  args: Readonly<Record<string, unknown>>,
  status: ItemStatus,
): Item {
  return {
    type: "tool_call",
    id,
    server: toolServer,
    tool,
    arguments: JSON.stringify(args),
    output: null,
    error: null,
    status,
  }
}

function phaseOf(phase: string | null | undefined): Phase {
  return phase === "commentary" || phase === "final_answer" ? phase : null
}

function statusOf(status: string | null | undefined, isDone: boolean): ItemStatus {
  if (status === "failed" || status === "declined") return "failed"
  if (!isDone) return "in_progress"
  return status === "inProgress" ? "incomplete" : "completed"
}

function textOfMcpContent(content: unknown): string {
  if (typeof content === "object" && content !== null && "text" in content) return String(content.text)
  return JSON.stringify(content)
}

/** codex wraps what the model asked for: `/bin/bash -lc 'ls -l'` is `ls -l` to everybody who reads it. */
function withoutShell(command: string): string {
  const script = /^\S*\/?(?:bash|zsh|sh) -l?c ([\s\S]+)$/.exec(command)?.[1]
  if (script === undefined) return command
  const single = /^'((?:[^']|'\\'')*)'$/.exec(script)?.[1]
  if (single !== undefined) return single.replaceAll("'\\''", "'")
  const double = /^"((?:[^"\\]|\\[\s\S])*)"$/.exec(script)?.[1]
  if (double !== undefined) return double.replace(/\\(["\\$`])/g, "$1")
  return /^[\w@%+=:,./-]+$/.test(script) ? script : command
}
