import type { ContentOrigin, ContentPart, Item, ItemStatus, MessageItem } from "../../domain/items.ts"
import type { PageRequest } from "../../domain/pages.ts"
import { toList } from "../common/answer-parts.ts"
import { invalidRequest, type WireObject } from "../common/shape.ts"
import { type Activity, callOf } from "./agent-activity.ts"

/**
 * An item as the Responses API shows it, of an answer or of an input. What the agent did by itself
 * is an `mcp_call` of `serverLabel`, the kind of the backend: no client tries to execute those, and
 * all of them show them.
 */
export function toWireItem(item: Item, serverLabel: string): WireObject {
  const { id, status } = item
  switch (item.type) {
    case "message":
      return {
        id,
        type: "message",
        status: withoutFailed(status),
        role: item.role,
        content: item.content.map((part) => toWirePart(part, item.role)),
        ...(item.phase !== null && { phase: item.phase }),
      }
    case "reasoning":
      return {
        id,
        type: "reasoning",
        status: withoutFailed(status),
        summary: item.isRaw === true ? [] : item.summary.map(toSummaryPart),
        ...(item.isRaw === true && { content: item.summary.map(toReasoningText) }),
      }
    case "command":
    case "file_change":
    case "tool_call":
      return toMcpCall(item, serverLabel)
    case "web_search":
      return {
        id,
        type: "web_search_call",
        status: status === "incomplete" ? "failed" : status,
        action: { type: "search", query: item.query },
      }
    case "function_call":
      return {
        id,
        type: "function_call",
        status: withoutFailed(status),
        call_id: item.callId,
        name: item.name,
        arguments: item.arguments,
      }
    case "function_call_output":
      return {
        id,
        type: "function_call_output",
        status: withoutFailed(status),
        call_id: item.callId,
        output: toWireOutput(item.output),
      }
  }
}

/**
 * The item as it is announced: parts come by events of their own, and the official client appends
 * them, so that a part which is there already would stand twice.
 */
export function toAddedItem(item: Item, serverLabel: string): WireObject {
  if (item.type === "message") return toWireItem({ ...item, content: [] }, serverLabel)
  if (item.type === "reasoning") return toWireItem({ ...item, summary: [] }, serverLabel)
  const announced = toWireItem(item, serverLabel)
  return "arguments" in announced ? { ...announced, arguments: "" } : announced
}

export function toOutputText(text: string): WireObject {
  return { type: "output_text", text, annotations: [], logprobs: [] }
}

export function toSummaryPart(text: string): WireObject {
  return { type: "summary_text", text }
}

export function toReasoningText(text: string): WireObject {
  return { type: "reasoning_text", text }
}

function toWirePart(part: ContentPart, role: MessageItem["role"]): WireObject {
  if (part.type === "image") return toInputImage(part)
  if (part.origin !== undefined) return toInputFile(part.origin)
  return role === "assistant" ? toOutputText(part.text) : { type: "input_text", text: part.text }
}

/** As the client sent it: by its address or file where it did not send the image itself. */
function toInputImage(part: Extract<ContentPart, { type: "image" }>): WireObject {
  const { url, origin, detail = "auto" } = part
  const fileId = origin?.fileId ?? null
  if (fileId !== null) return { type: "input_image", file_id: fileId, image_url: null, detail }
  return { type: "input_image", image_url: origin?.url ?? url, detail }
}

/** The content of a file is not repeated. */
function toInputFile({ fileId, url, filename }: ContentOrigin): WireObject {
  return {
    type: "input_file",
    ...(fileId !== null && { file_id: fileId }),
    ...(url !== null && { file_url: url }),
    ...(filename !== null && { filename }),
  }
}

/** One text is sent as text: the form that every client knows. */
function toWireOutput(output: readonly ContentPart[]): unknown {
  const [first] = output
  if (output.length === 1 && first?.type === "text" && first.origin === undefined) return first.text
  return output.map((part) => toWirePart(part, "user"))
}

function toMcpCall(item: Activity, serverLabel: string): WireObject {
  const call = callOf(item, serverLabel)
  return {
    id: item.id,
    type: "mcp_call",
    status: item.status,
    server_label: call.server,
    name: call.tool,
    arguments: call.arguments,
    output: call.output,
    error: call.error === null ? null : toToolError(call.error),
    approval_request_id: null,
  }
}

/** `MCPToolExecutionError` of the OpenAPI document; older servers sent the bare text. */
function toToolError(text: string): WireObject {
  return { type: "mcp_tool_execution_error", content: [{ type: "text", text }] }
}

/** Messages, reasoning and function calls know no `failed`. */
function withoutFailed(status: ItemStatus): ItemStatus {
  return status === "failed" ? "incomplete" : status
}

/** Of items, oldest first. Throws `invalid_request` when `after` is none of them. */
export function toItemPage(items: readonly Item[], page: PageRequest, serverLabel: string): WireObject {
  const { order, limit, after } = page
  const ordered = order === "asc" ? items : items.toReversed()
  const start = after === null ? 0 : ordered.findIndex(({ id }) => id === after) + 1
  if (after !== null && start === 0) {
    throw invalidRequest("after", `No item with the id '${after.slice(0, 100)}' is in this list.`)
  }
  const data = ordered.slice(start, start + limit).map((item) => toWireItem(item, serverLabel))
  return toList(data, start + data.length < ordered.length)
}
