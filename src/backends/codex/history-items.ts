import type { HistoryTurn } from "../../domain/backend.ts"
import type {
  CommandItem,
  ContentPart,
  FileChangeItem,
  Item,
  MessageItem,
  ToolCallItem,
} from "../../domain/items.ts"
import type { FunctionNames } from "./function-names.ts"

export const codexKind = "codex"

/** An item of the Responses API, as `thread/inject_items` takes it. */
export type InjectedItem = Readonly<Record<string, unknown>>

/**
 * What is kept of the raw items of a turn. Messages of other roles are codex's own context (instructions, environment,
 * abort notes), which a new thread writes again, or the user's words, which `HistoryTurn.input` has. Compactions are left
 * out: the ledger still has what they summarise.
 */
const keptTypes = new Set([
  "reasoning",
  "function_call",
  "function_call_output",
  "custom_tool_call",
  "custom_tool_call_output",
  "local_shell_call",
  "local_shell_call_output",
  "tool_search_call",
  "tool_search_output",
  "web_search_call",
])

/** The raw item without codex's bookkeeping, or null when a new thread does not need it. */
export function keptNativeItem(item: unknown): InjectedItem | null {
  if (typeof item !== "object" || item === null) return null
  const { internal_chat_message_metadata_passthrough: _, ...kept } = item as Readonly<Record<string, unknown>> // an object, see above
  if (typeof kept.type !== "string") return null
  if (kept.type === "message") return kept.role === "assistant" ? kept : null
  return keptTypes.has(kept.type) ? kept : null
}

/**
 * The items that give a new thread the memory of `history`. Native items are preferred: with them the model sees its
 * reasoning, commands and outputs as they were. All other items become messages and plain function calls.
 *
 * Calls of the client's functions need care, because they and their outputs are in two places: in our items, and in the
 * native ones. In code mode the native call is the script (`exec`) around them: where the script was answered, its output
 * has the results already; where it never was (the turn was given up while the client worked), the script is left out
 * and its calls stand for themselves, with the real outputs.
 */
export function historyItems(history: readonly HistoryTurn[], names: FunctionNames): InjectedItem[] {
  const native = history.map((turn) =>
    turn.native?.kind === codexKind
      ? turn.native.items.map(keptNativeItem).filter((item) => item !== null)
      : [],
  )
  const answered = callIds(native.flat(), isOutput)
  const called = callIds(native.flat(), (item) => !isOutput(item))
  const outputs = new Set(history.flatMap((turn) => turn.input.flatMap(outputCallId)))
  /** Calls by scripts that were answered: the script's output speaks for them. */
  const covered = new Set<string>()
  let openScript: string | null = null

  return history.flatMap((turn, index) => {
    const items = native[index] ?? []
    const input = turn.input.flatMap((item) => {
      const isNative =
        item.type === "function_call_output" && (answered.has(item.callId) || covered.has(item.callId))
      return isNative ? [] : injectedItem(item, names)
    })
    if (items.length === 0 && openScript === null) {
      return [...input, ...turn.output.flatMap((item) => injectedItem(item, names))]
    }
    for (const item of items) {
      if (isScriptCall(item)) openScript = String(item.call_id)
    }
    const script = openScript
    const isScriptAnswered = script !== null && answered.has(script)
    const nested: Item[] = []
    for (const item of turn.output) {
      if (item.type !== "function_call" || called.has(item.callId)) continue
      if (isScriptAnswered) covered.add(item.callId)
      else if (outputs.has(item.callId)) nested.push(item)
    }
    const kept = items.filter((item) => nested.length === 0 || item.call_id !== script)
    if (isScriptAnswered && items.some((item) => isOutput(item) && item.call_id === script)) openScript = null
    return [...input, ...kept, ...nested.flatMap((item) => injectedItem(item, names))]
  })
}

/** One of our items for `thread/inject_items`; several, or none, where the native form has another cut. */
export function injectedItem(item: Item, names: FunctionNames): InjectedItem[] {
  switch (item.type) {
    case "message":
      return injectedMessage(item)
    case "function_call":
      return [call(item.callId, names.toNative(item.name), item.arguments)]
    case "function_call_output":
      return [callOutput(item.callId, item.output)]
    case "command":
      return commandItems(item)
    case "file_change":
      return fileChangeItems(item)
    case "tool_call":
      return toolCallItems(item)
    case "reasoning":
    case "web_search":
      // Neither can be replayed from its summary; what came of it is in the messages.
      return []
  }
}

function injectedMessage(item: MessageItem): InjectedItem[] {
  const content = item.content.flatMap((part) => messagePart(part, item.role === "assistant"))
  if (content.length === 0) return []
  return [
    { type: "message", role: item.role, content, ...(item.phase === null ? {} : { phase: item.phase }) },
  ]
}

function messagePart(part: ContentPart, isAssistant: boolean): InjectedItem[] {
  if (part.type === "text") {
    return part.text === "" ? [] : [{ type: isAssistant ? "output_text" : "input_text", text: part.text }]
  }
  // An assistant's message has no image parts in this API.
  return isAssistant ? [] : [imagePart(part)]
}

function imagePart(part: Extract<ContentPart, { type: "image" }>): InjectedItem {
  return {
    type: "input_image",
    image_url: part.url,
    ...(part.detail === undefined ? {} : { detail: part.detail }),
  }
}

function callOutput(callId: string, output: readonly ContentPart[]): InjectedItem {
  const isText = output.every((part) => part.type === "text")
  return {
    type: "function_call_output",
    call_id: callId,
    output: isText
      ? output.map((part) => (part.type === "text" ? part.text : "")).join("")
      : output.map((part) =>
          part.type === "text" ? { type: "input_text", text: part.text } : imagePart(part),
        ),
  }
}

function call(callId: string, name: string, args: string): InjectedItem {
  return { type: "function_call", call_id: callId, name, arguments: args }
}

/*
 * What another agent did by itself becomes a plain function call with its output, named as codex names the like. codex
 * and the model take calls of any name in the history, in all three tool modes (direct, tool_search, code mode); told as
 * the assistant's text instead, a model begins to write such texts rather than to call its tools.
 */

function commandItems(item: CommandItem): InjectedItem[] {
  const ending = item.exitCode === null ? "Process ended" : `Process exited with code ${item.exitCode}`
  return [
    call(item.id, "exec_command", JSON.stringify({ cmd: item.command })),
    { type: "function_call_output", call_id: item.id, output: `${ending}\nOutput:\n${item.output}` },
  ]
}

function fileChangeItems(item: FileChangeItem): InjectedItem[] {
  const result = item.status === "completed" ? "Done" : "The edit was not made"
  return [
    call(item.id, "apply_patch", JSON.stringify({ changes: item.changes })),
    { type: "function_call_output", call_id: item.id, output: result },
  ]
}

function toolCallItems(item: ToolCallItem): InjectedItem[] {
  const name = `${item.server}__${item.tool}`.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64)
  return [
    call(item.id, name, item.arguments),
    { type: "function_call_output", call_id: item.id, output: item.error ?? item.output ?? "" },
  ]
}

function isOutput(item: InjectedItem): boolean {
  return typeof item.type === "string" && item.type.endsWith("_output")
}

/** Code mode: the script that calls the tools, and the calls that wait for it to go on. */
function isScriptCall(item: InjectedItem): boolean {
  return item.type === "custom_tool_call" && item.name === "exec"
}

function callIds(items: readonly InjectedItem[], isWanted: (item: InjectedItem) => boolean): Set<string> {
  const ids = new Set<string>()
  for (const item of items) {
    if (typeof item.call_id === "string" && isWanted(item)) ids.add(item.call_id)
  }
  return ids
}

function outputCallId(item: Item): string[] {
  return item.type === "function_call_output" ? [item.callId] : []
}
