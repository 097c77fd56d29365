import {
  type CommandItem,
  type ContentPart,
  type FileChangeItem,
  type Item,
  type MessageItem,
  type ToolCallItem,
  textOf,
} from "../../domain/items.ts"
import type { FunctionNames } from "../kit/functions/function-names.ts"

type ImagePart = Extract<ContentPart, { type: "image" }>

/** An item of the Responses API, as `thread/inject_items` takes it. */
export type InjectedItem = Readonly<Record<string, unknown>>

/** One of our items for `thread/inject_items`; none or several where the native form differs. */
export function injectedItem(item: Item, names: FunctionNames): InjectedItem[] {
  switch (item.type) {
    case "message":
      return injectedMessage(item)
    case "function_call":
      return [call(item.callId, names.toNative(item.name), item.arguments)]
    case "function_call_output":
      return [outputOf(item.callId, contentOf(item.output))]
    case "command":
      return commandItems(item)
    case "file_change":
      return fileChangeItems(item)
    case "tool_call":
      return toolCallItems(item)
    case "web_search":
      if (item.query === "") return []
      return [{ type: "web_search_call", status: "completed", action: { type: "search", query: item.query } }]
    case "reasoning":
      // It cannot be replayed from its summary; what came of it is in the messages.
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

function imagePart(part: ImagePart): InjectedItem {
  return { type: "input_image", image_url: part.url, ...imageDetail(part) }
}

/** codex knows no low detail: it leaves such a picture out, and tells its model so. */
export function imageDetail({ detail }: ImagePart): { readonly detail?: "auto" | "high" } {
  if (detail === undefined) return {}
  return { detail: detail === "low" ? "auto" : detail }
}

function contentOf(output: readonly ContentPart[]): string | readonly InjectedItem[] {
  if (output.every((part) => part.type === "text")) return textOf(output)
  return output.map((part) =>
    part.type === "text" ? { type: "input_text", text: part.text } : imagePart(part),
  )
}

function outputOf(callId: string, output: string | readonly InjectedItem[]): InjectedItem {
  return { type: "function_call_output", call_id: callId, output }
}

function call(callId: string, name: string, args: string): InjectedItem {
  return { type: "function_call", call_id: callId, name, arguments: args }
}

/*
 * What another agent did by itself becomes a plain function call with its output, named as codex
 * names the like. codex and the model take calls of any name in the history, in all three tool
 * modes (direct, tool_search, code mode); told as the assistant's text instead, a model begins to
 * write such texts rather than to call its tools.
 */

function commandItems(item: CommandItem): InjectedItem[] {
  const ending = item.exitCode === null ? "Process ended" : `Process exited with code ${item.exitCode}`
  return [
    call(item.id, "exec_command", JSON.stringify({ cmd: item.command })),
    outputOf(item.id, `${ending}\nOutput:\n${item.output}`),
  ]
}

function fileChangeItems(item: FileChangeItem): InjectedItem[] {
  const result = item.status === "completed" ? "Done" : "The edit was not made"
  return [call(item.id, "apply_patch", JSON.stringify({ changes: item.changes })), outputOf(item.id, result)]
}

function toolCallItems(item: ToolCallItem): InjectedItem[] {
  const name = `${item.server}__${item.tool}`.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64)
  return [call(item.id, name, item.arguments), outputOf(item.id, item.error ?? item.output ?? "")]
}
