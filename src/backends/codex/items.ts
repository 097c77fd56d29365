import { z } from "zod"
import type { FileChange, Item, ItemStatus, Phase } from "../../domain/items.ts"
import { messageItem } from "../kit/turn/texts.ts"
import type { NativeItem } from "./protocol.ts"

const toolServer = "codex"

const id = z.string()
const status = z.string().nullish()

type Mapping = (native: NativeItem, isDone: boolean) => Item

/** An item of codex's of one kind, and what it is in our words. */
function mapped<T>(schema: z.ZodType<T>, map: (item: T, isDone: boolean) => Item): Mapping {
  return (native, isDone) => map(schema.parse(native), isDone)
}

const mappings: Readonly<Record<string, Mapping>> = {
  agentMessage: mapped(
    z.object({ id, text: z.string(), phase: z.string().nullish() }),
    ({ id, text, phase }, isDone) => messageItem(id, isDone ? text : null, endOf(isDone), phaseOf(phase)),
  ),
  reasoning: mapped(
    z.object({ id, summary: z.array(z.string()).default([]) }),
    ({ id, summary }, isDone) => ({
      type: "reasoning",
      id,
      summary: isDone ? summary : [],
      status: endOf(isDone),
    }),
  ),
  commandExecution: mapped(
    z.object({
      id,
      command: z.string(),
      cwd: z.string().nullish(),
      aggregatedOutput: z.string().nullish(),
      exitCode: z.number().nullish(),
      status,
    }),
    (item, isDone) => ({
      type: "command",
      id: item.id,
      command: withoutShell(item.command),
      cwd: item.cwd ?? null,
      output: item.aggregatedOutput ?? "",
      exitCode: item.exitCode ?? null,
      status: statusOf(item.status, isDone),
    }),
  ),
  fileChange: mapped(
    z.object({
      id,
      changes: z.array(
        z.object({
          path: z.string(),
          kind: z.looseObject({ type: z.string() }),
          diff: z.string().default(""),
        }),
      ),
      status,
    }),
    (item, isDone) => ({
      type: "file_change",
      id: item.id,
      changes: item.changes.map(
        ({ path, kind, diff }): FileChange => ({
          path,
          kind: kind.type === "add" || kind.type === "delete" ? kind.type : "update",
          diff,
        }),
      ),
      status: statusOf(item.status, isDone),
    }),
  ),
  mcpToolCall: mapped(
    z.object({
      id,
      server: z.string(),
      tool: z.string(),
      arguments: z.unknown(),
      /** The same as it was written, see `AppServer`. */
      argumentsText: z.string().nullish(),
      result: z.object({ content: z.array(z.unknown()) }).nullish(),
      error: z.object({ message: z.string() }).nullish(),
      status,
    }),
    (item, isDone) => ({
      type: "tool_call",
      id: item.id,
      server: item.server,
      tool: item.tool,
      arguments: item.arguments == null ? "{}" : (item.argumentsText ?? JSON.stringify(item.arguments)),
      output: item.result == null ? null : item.result.content.map(textOfMcpContent).join("\n"),
      error: item.error?.message ?? null,
      status: statusOf(item.status, isDone),
    }),
  ),
  webSearch: mapped(z.object({ id, query: z.string().nullish() }), ({ id, query }, isDone) => ({
    type: "web_search",
    id,
    query: query ?? "",
    status: endOf(isDone),
  })),
  imageView: mapped(z.object({ id, path: z.string() }), ({ id, path }, isDone) =>
    ownTool(id, "view_image", { path }, endOf(isDone)),
  ),
  collabAgentToolCall: mapped(
    z.object({ id, tool: z.string(), prompt: z.string().nullish(), status }),
    ({ id, tool, prompt, status }, isDone) =>
      ownTool(id, tool, prompt == null ? {} : { prompt }, statusOf(status, isDone)),
  ),
}

/**
 * A native item in our words; null for those that are not output (what the user said, the client's
 * own functions) and for kinds that we do not know. `isDone` tells `item/completed` from
 * `item/started`. Throws a `ZodError` when a known kind has another form.
 */
export function itemOf(native: NativeItem, isDone: boolean): Item | null {
  return Object.hasOwn(mappings, native.type) ? (mappings[native.type]?.(native, isDone) ?? null) : null
}

function endOf(isDone: boolean): "completed" | "in_progress" {
  return isDone ? "completed" : "in_progress"
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

/** codex wraps what was asked for: `/bin/bash -lc 'ls -l'` is `ls -l` to every reader. */
function withoutShell(command: string): string {
  const script = /^\S*\/?(?:bash|zsh|sh) -l?c ([\s\S]+)$/.exec(command)?.[1]
  if (script === undefined) return command
  const single = /^'((?:[^']|'\\'')*)'$/.exec(script)?.[1]
  if (single !== undefined) return single.replaceAll("'\\''", "'")
  const double = /^"((?:[^"\\]|\\[\s\S])*)"$/.exec(script)?.[1]
  if (double !== undefined) return double.replace(/\\(["\\$`])/g, "$1")
  return /^[\w@%+=:,./-]+$/.test(script) ? script : command
}
