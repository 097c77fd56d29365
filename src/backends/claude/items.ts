import { isDeepStrictEqual } from "node:util"
import { z } from "zod"
import type { FileChange, Item } from "../../domain/items.ts"
import type { ContentBlock } from "./protocol.ts"

/** A call of one of claude's tools. */
export interface ToolUse {
  readonly id: string
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
  /** The input as the model wrote it: parsing has rounded its long numbers. */
  readonly inputText: string
}

const toolUseSchema = z.object({
  id: z.string(),
  name: z.string(),
  input: z.record(z.string(), z.unknown()).default({}),
})

/** `written`: what was streamed of the input, or null; it counts where claude has read the same. */
export function toolUseOf(block: ContentBlock, written: string | null = null): ToolUse | null {
  const parsed = block.type === "tool_use" ? toolUseSchema.safeParse(block) : null
  if (parsed?.success !== true) return null
  const isSame = written !== null && isDeepStrictEqual(parsedJson(written), parsed.data.input)
  return { ...parsed.data, inputText: isSame ? written : JSON.stringify(parsed.data.input) }
}

function parsedJson(text: string): unknown {
  try {
    // Once more as claude has written it: without minus zero, and without too long numbers.
    return JSON.parse(JSON.stringify(JSON.parse(text)))
  } catch {
    return undefined
  }
}

const editTools = new Set(["Write", "Edit", "MultiEdit", "NotebookEdit"])

/** What claude begins to do, in our words. */
export function startedItem({ id, name, input, inputText }: ToolUse): Item {
  const status = "in_progress"
  if (name === "Bash") {
    return {
      type: "command",
      id,
      command: text(input.command),
      cwd: null,
      output: "",
      exitCode: null,
      status,
    }
  }
  if (editTools.has(name)) return { type: "file_change", id, changes: [], status }
  if (name === "WebSearch") return { type: "web_search", id, query: text(input.query), status }
  const mcp = /^mcp__(.+?)__(.+)$/.exec(name)
  return {
    type: "tool_call",
    id,
    server: mcp?.[1] ?? "claude",
    tool: mcp?.[2] ?? name,
    arguments: inputText,
    output: null,
    error: null,
    status,
  }
}

export interface ToolResult {
  readonly output: string
  readonly isError: boolean
  /** `tool_use_result` of the event, where the result is one of its own. */
  readonly details: unknown
}

/** The same when it is over. */
export function finishedItem(use: ToolUse, { output, isError, details }: ToolResult): Item {
  const item = startedItem(use)
  const status = isError ? "failed" : "completed"
  switch (item.type) {
    case "command": {
      const failure = isError ? /^(?:Error: )?Exit code (\d+)(?:\n|$)/.exec(output) : null
      return {
        ...item,
        output: failure === null ? output : output.slice(failure[0].length),
        // A command that was refused or cut off has none.
        exitCode: failure === null ? (isError ? null : 0) : Number(failure[1]),
        status,
      }
    }
    case "file_change":
      return { ...item, changes: [changeOf(use, details)], status }
    case "tool_call":
      return isError ? { ...item, error: output, status } : { ...item, output, status }
    default:
      return { ...item, status }
  }
}

const hunkSchema = z.object({
  oldStart: z.number(),
  oldLines: z.number(),
  newStart: z.number(),
  newLines: z.number(),
  lines: z.array(z.string()),
})
const editSchema = z.object({
  type: z.string().nullish(),
  structuredPatch: z.array(hunkSchema).nullish(),
})

function changeOf({ input }: ToolUse, details: unknown): FileChange {
  const edit = editSchema.safeParse(details).data
  const hunks = edit?.structuredPatch ?? []
  return {
    path: text(input.file_path ?? input.notebook_path),
    kind: edit?.type === "create" ? "add" : "update",
    diff:
      hunks.length === 0
        ? text(input.content ?? input.new_string ?? input.new_source)
        : hunks
            .map((hunk) =>
              [
                `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
                ...hunk.lines,
              ].join("\n"),
            )
            .join("\n"),
  }
}

/** The text of a tool result: a string, or a list of parts. */
export function textOfResult(content: unknown): string {
  if (typeof content === "string") return content
  if (!Array.isArray(content)) return ""
  return content
    .map((part: unknown) =>
      typeof part === "object" && part !== null && "text" in part ? String(part.text) : "[not a text]",
    )
    .join("\n")
}

function text(value: unknown): string {
  return typeof value === "string" ? value : ""
}
