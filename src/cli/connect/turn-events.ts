import type { IncomingMessage } from "node:http"
import { z } from "zod"
import { ProxyError } from "../../domain/errors.ts"
import { jsonOrNull } from "../context/daemon-client.ts"

/** What a chat shows of an agent's turn. */
type ChatEvent =
  | { readonly type: "text"; readonly text: string; readonly isFinal: boolean }
  /** A message is over: what follows begins on a line of its own. */
  | { readonly type: "text.end" }
  | { readonly type: "activity"; readonly text: string }
  /** The beginning of an output, or of an edit as a diff; `more`: lines that are left out. */
  | { readonly type: "preview"; readonly lines: readonly string[]; readonly more: number }
  | { readonly type: "problem"; readonly text: string }
  | { readonly type: "end"; readonly response: FinishedResponse }

export type ShownEvent = Exclude<ChatEvent, { type: "end" }>

const usageSchema = z.object({
  input_tokens: z.number(),
  output_tokens: z.number(),
  total_tokens: z.number(),
})

const responseSchema = z.object({
  id: z.string(),
  model: z.string(),
  status: z.string(),
  error: z.object({ code: z.string().nullable(), message: z.string() }).nullish(),
  usage: usageSchema.nullish(),
})

export type FinishedResponse = z.infer<typeof responseSchema>

const itemSchema = z.object({
  type: z.string(),
  phase: z.string().nullish(),
  name: z.string().nullish(),
  server_label: z.string().nullish(),
  arguments: z.string().nullish(),
  output: z.unknown().optional(),
  error: z.unknown().optional(),
  action: z.object({ query: z.string().nullish() }).nullish(),
})

const eventSchema = z.object({
  type: z.string(),
  output_index: z.number().optional(),
  delta: z.unknown().optional(),
  arguments: z.string().optional(),
  item: itemSchema.optional(),
  response: z.unknown().optional(),
  message: z.string().optional(),
})

const lastEvents = new Set([
  "response.completed",
  "response.failed",
  "response.incomplete",
  "response.cancelled",
])

/** Tells of a turn as it goes, to its end; null: the stream ended before. Rejects as it does. */
export async function followTurn(
  stream: IncomingMessage,
  onEvent: (event: ShownEvent) => void,
): Promise<FinishedResponse | null> {
  let finished: FinishedResponse | null = null
  for await (const event of chatEvents(stream)) {
    if (event.type === "end") finished = event.response
    else onEvent(event)
  }
  return finished
}

export function brokenOff(): ProxyError {
  return new ProxyError("backend_error", "The service ended the answer in the middle. Is it still running?")
}

async function* chatEvents(stream: IncomingMessage): AsyncGenerator<ChatEvent> {
  const finalMessages = new Map<number, boolean>()
  const commands = new Set<number>()
  let problem: string | null = null
  for await (const data of dataLines(stream)) {
    const parsed = eventSchema.safeParse(data)
    // An event of a newer service: nothing to be shown of it here.
    if (!parsed.success) continue
    const { type, item, output_index: index = -1, delta, response, message } = parsed.data
    if (type === "response.output_text.delta" && typeof delta === "string") {
      yield { type: "text", text: delta, isFinal: finalMessages.get(index) ?? true }
    } else if (type === "response.output_item.added" && item !== undefined) {
      if (item.type === "message") finalMessages.set(index, item.phase !== "commentary")
      if (isCommand(item)) commands.add(index)
      const text = beginningOf(item)
      if (text !== null) yield { type: "activity", text }
    } else if (type === "response.mcp_call_arguments.done" && commands.has(index)) {
      const command = argumentOf(parsed.data.arguments, "command")
      if (command !== null) yield { type: "activity", text: `$ ${oneLine(command)}` }
    } else if (type === "response.output_item.done" && item !== undefined) {
      if (item.type === "message") yield { type: "text.end" }
      const text = endOf(item)
      if (text !== null) yield { type: "activity", text }
      const preview = previewOf(item)
      if (preview !== null) yield preview
    } else if (type === "error") {
      problem = message ?? "the stream failed"
    } else if (lastEvents.has(type)) {
      const finished = responseSchema.safeParse(response)
      if (!finished.success) continue
      // The last event tells a failure, too: one of both is enough.
      if (finished.data.error != null) problem = null
      if (problem !== null) yield { type: "problem", text: problem }
      problem = null
      yield { type: "end", response: finished.data }
    }
  }
  if (problem !== null) yield { type: "problem", text: problem }
}

function isCommand({ type, name }: z.infer<typeof itemSchema>): boolean {
  return type === "mcp_call" && name === "shell"
}

/** Told when it begins: it may take its time. The words of a command come right behind. */
function beginningOf(item: z.infer<typeof itemSchema>): string | null {
  if (item.type === "web_search_call") return "searches the web"
  if (item.type !== "mcp_call" || item.name === "apply_patch" || isCommand(item)) return null
  return `${item.server_label ?? "tool"}.${item.name ?? ""}`
}

/** Told when it is over: edits are known only then, and failures. */
function endOf(item: z.infer<typeof itemSchema>): string | null {
  if (item.type !== "mcp_call") return null
  if (item.name === "apply_patch" && item.error == null) return changesOf(item.arguments)
  if (item.error == null) return null
  const text = typeof item.error === "string" ? item.error : JSON.stringify(item.error)
  return `failed: ${oneLine(text)}`
}

const maxPreviewLines = 6

/** Null: there is nothing to be seen of it. */
function previewOf(item: z.infer<typeof itemSchema>): Extract<ChatEvent, { type: "preview" }> | null {
  if (item.type !== "mcp_call") return null
  const text = item.name === "apply_patch" ? diffOf(item.arguments) : isCommand(item) ? item.output : null
  if (typeof text !== "string" || text.trim() === "") return null
  const lines = text.replace(/\n+$/, "").split("\n")
  return {
    type: "preview",
    lines: lines.slice(0, maxPreviewLines).map((line) => line.slice(0, maxLineLength)),
    more: Math.max(0, lines.length - maxPreviewLines),
  }
}

function diffOf(text: string | null | undefined): string | null {
  const parsed = changesSchema.safeParse(jsonOrNull(text ?? ""))
  if (!parsed.success) return null
  const diffs = parsed.data.changes.map(({ kind, diff = "" }) => (kind === "add" ? asAdded(diff) : diff))
  return diffs.join("\n").replaceAll(/^(?:---|\+\+\+) .*\n/gm, "")
}

/** Of an added file a CLI gives the whole text, or a diff. */
function asAdded(text: string): string {
  if (/^@@|^--- /m.test(text)) return text
  return text.replace(/\n$/, "").replaceAll(/^/gm, "+")
}

const changesSchema = z.object({
  changes: z.array(z.object({ path: z.string(), kind: z.string(), diff: z.string().optional() })),
})
const verbs: Readonly<Record<string, string>> = { add: "added", update: "edited", delete: "deleted" }

function changesOf(text: string | null | undefined): string | null {
  const parsed = changesSchema.safeParse(jsonOrNull(text ?? ""))
  if (!parsed.success || parsed.data.changes.length === 0) return null
  return parsed.data.changes.map(({ kind, path }) => `${verbs[kind] ?? kind} ${path}`).join(", ")
}

function argumentOf(text: string | null | undefined, name: string): string | null {
  const parsed = z.record(z.string(), z.unknown()).safeParse(jsonOrNull(text ?? ""))
  const value = parsed.success ? parsed.data[name] : undefined
  return typeof value === "string" ? value : null
}

const maxLineLength = 160

function oneLine(text: string): string {
  const line = text.trim().replaceAll(/\s*\n\s*/g, " ⏎ ")
  return line.length <= maxLineLength ? line : `${line.slice(0, maxLineLength - 1)}…`
}

async function* dataLines(stream: IncomingMessage): AsyncGenerator<unknown> {
  stream.setEncoding("utf8")
  let rest = ""
  for await (const chunk of stream) {
    rest += String(chunk)
    const lines = rest.split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) if (line.startsWith("data: {")) yield jsonOrNull(line.slice(6))
  }
}
