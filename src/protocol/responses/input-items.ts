import * as z from "zod"
import { newId } from "../../domain/ids.ts"
import type { ClientItem } from "../../domain/input-reference.ts"
import type { ItemStatus, Role } from "../../domain/items.ts"
import { refuseContentBeside } from "../common/content-beside.ts"
import { invalidRequest, isObject, readShape, unknownValue, wrongType } from "../common/shape.ts"
import { activityOf } from "./agent-activity.ts"
import { isOwnCompaction, lostSummary, readSummary } from "./compaction.ts"
import { type CallIds, foreignItems } from "./foreign-items.ts"
import { readContent, readOutput } from "./input-content.ts"

const roles = { user: "user", assistant: "assistant", system: "developer", developer: "developer" } as const

export const message = z.object({
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: z.unknown(),
  phase: z.enum(["commentary", "final_answer"]).nullish(),
})
export const functionCall = z.object({
  call_id: z.string().min(1),
  name: z.string().min(1),
  arguments: z.string(),
})
export const functionCallOutput = z.object({
  call_id: z.string().min(1).nullish(),
  name: z.string().nullish(),
  output: z.unknown(),
})
const texts = z.array(z.object({ text: z.string() })).nullish()
export const reasoning = z.object({ summary: texts, content: texts })
export const mcpCall = z.object({
  server_label: z.string(),
  name: z.string(),
  arguments: z.string(),
  output: z.string().nullish(),
  error: z.unknown().optional(),
  status: z.string().nullish(),
})
export const webSearch = z.object({
  action: z
    .looseObject({
      query: z.string().nullish(),
      queries: z.array(z.string()).nullish(),
      url: z.string().nullish(),
      pattern: z.string().nullish(),
    })
    .nullish(),
  status: z.string().nullish(),
})

export const compaction = z.object({ encrypted_content: z.string() })
/** Settings from here on; read by `configurationOf`. */
export const configurationUpdate = z.object({
  reasoning: z.object({ effort: z.string().min(1).max(64).nullish() }).nullish(),
  text: z.object({ format: z.unknown().optional() }).nullish(),
})
export const additionalTools = z.object({ tools: z.array(z.unknown()) })

const readableTypes = [
  "message",
  "function_call",
  "function_call_output",
  "reasoning",
  "mcp_call",
  "web_search_call",
  "compaction",
  "configuration_update",
  "additional_tools",
  ...Object.keys(foreignItems),
]

/**
 * `input` of the Responses API as items, oldest first. Everything that our own `output` holds is read back, and what other
 * servers of the API left in a history. Items get ids of our own making: those of a client are names that we cannot vouch for.
 * Only the fields are asked for that the API requires of an item.
 */
export function readInput(value: unknown): ClientItem[] {
  if (typeof value === "string") return [readText(value)]
  if (!Array.isArray(value)) throw wrongType("input", "a string or an array of items", value)
  return readItems(value, "input")
}

/** The same for a list of items that stands at `path`. */
export function readItems(value: unknown, path: string): ClientItem[] {
  if (!Array.isArray(value)) throw wrongType(path, "an array of items", value)
  if (value.length === 0) throw invalidRequest(path, `'${path}' must hold at least one item.`)
  const calls: CallIds = new Map()
  const items: ClientItem[] = []
  for (const [index, item] of value.entries()) items.push(readItem(item, `${path}[${index}]`, items, calls))
  return items
}

/** What the newest `configuration_update` items of an input ask for; undefined where none does. */
export function configurationOf(input: unknown): { readonly effort?: string; readonly format?: unknown } {
  let configuration = {}
  for (const item of Array.isArray(input) ? input : []) {
    if (!isObject(item) || item.type !== "configuration_update") continue
    const { reasoning, text } = configurationUpdate.safeParse(item).data ?? {}
    if (reasoning?.effort != null) configuration = { ...configuration, effort: reasoning.effort }
    if (text?.format != null) configuration = { ...configuration, format: text.format }
  }
  return configuration
}

function readText(text: string): ClientItem {
  if (text === "") throw invalidRequest("input", "'input' must not be empty.")
  return messageItem("user", [{ type: "text", text }], null)
}

function readItem(item: unknown, path: string, before: readonly ClientItem[], calls: CallIds): ClientItem {
  if (!isObject(item)) throw wrongType(path, "an object", item)
  // A message may come without `type`, and so may, by the document, a reference: it has an id and no role.
  const type = item.type ?? ("role" in item || !("id" in item) ? "message" : "item_reference")
  switch (type) {
    case "message": {
      const { role, content, phase } = readShape(message, item, path)
      if (role === "user") refuseContentBeside(item, path, "content")
      return messageItem(roles[role], readContent(content, `${path}.content`), phase ?? null)
    }
    case "function_call": {
      const call = readShape(functionCall, item, path)
      return {
        type: "function_call",
        id: newId("fc_"),
        callId: call.call_id,
        name: call.name,
        arguments: call.arguments,
        status: "completed",
      }
    }
    case "function_call_output": {
      const answer = readShape(functionCallOutput, item, path)
      const output = readOutput(answer.output, `${path}.output`)
      return {
        type: "function_call_output",
        id: newId("fco_"),
        callId: answer.call_id ?? callIdOf(answer.name ?? null, path, before),
        output,
        status: "completed",
      }
    }
    case "reasoning": {
      const { summary, content } = readShape(reasoning, item, path)
      const isRaw = (summary ?? []).length === 0 && (content ?? []).length > 0
      return {
        type: "reasoning",
        id: newId("rs_"),
        ...(isRaw && { isRaw }),
        summary: ((isRaw ? content : summary) ?? []).map((part) => part.text),
        status: "completed",
      }
    }
    case "mcp_call": {
      const call = readShape(mcpCall, item, path)
      const fields = {
        server: call.server_label,
        name: call.name,
        arguments: call.arguments,
        output: call.output ?? null,
        error: errorText(call.error),
      }
      return activityOf(fields, newId("mcp_"), statusOf(call.status, fields.error))
    }
    case "web_search_call": {
      const search = readShape(webSearch, item, path)
      const query = soughtIn(search.action)
      return { type: "web_search", id: newId("ws_"), query, status: statusOf(search.status, null) }
    }
    case "compaction": {
      const { encrypted_content } = readShape(compaction, item, path)
      const text = isOwnCompaction(encrypted_content) ? readSummary(encrypted_content, path) : lostSummary
      return messageItem("assistant", [{ type: "text", text }], null)
    }
    case "item_reference":
      throw invalidRequest(
        path,
        `'${path}' is an item reference, which only a response's input may have; send the item itself.`,
      )
    // They say nothing to the agent; in the input they keep their place, for the numbers of the others.
    case "configuration_update":
      readShape(configurationUpdate, item, path)
      return messageItem("developer", [], null)
    case "additional_tools":
      readShape(additionalTools, item, path)
      return messageItem("developer", [], null)
    case "compaction_trigger":
      throw invalidRequest(
        `${path}.type`,
        "'compaction_trigger' cannot be served within a turn; ask POST /v1/responses/compact, and go on with its output.",
      )
    default: {
      const foreign =
        typeof type === "string" && Object.hasOwn(foreignItems, type) ? foreignItems[type] : undefined
      if (foreign === undefined) throw unknownValue(`${path}.type`, readableTypes, type)
      return foreign.read(item, path, calls)
    }
  }
}

/** Of an output that names the function only: the last call of it that nothing has answered. */
function callIdOf(name: string | null, path: string, before: readonly ClientItem[]): string {
  const answered = new Set(before.map((item) => (item.type === "function_call_output" ? item.callId : null)))
  const call = before.findLast(
    (item) => item.type === "function_call" && item.name === name && !answered.has(item.callId),
  )
  if (call?.type === "function_call") return call.callId
  throw invalidRequest(`${path}.call_id`, `Missing required parameter: '${path}.call_id'.`)
}

function messageItem(
  role: Role,
  content: ReturnType<typeof readContent>,
  phase: "commentary" | "final_answer" | null,
): ClientItem {
  return {
    type: "message",
    id: newId("msg_"),
    role,
    content,
    phase: role === "assistant" ? phase : null,
    status: "completed",
  }
}

/** What was searched for, in which page, or which page was read. */
function soughtIn(action: z.infer<typeof webSearch>["action"]): string {
  const { query, queries, url, pattern } = action ?? {}
  const sought = query ?? queries?.join(", ") ?? pattern
  return [sought, url].filter((text) => text != null && text !== "").join(" in ")
}

/** Clients resend what they were given, unfinished items included; a status of their own invention counts as the end. */
function statusOf(status: string | null | undefined, error: string | null): ItemStatus {
  if (status === "incomplete" || status === "failed") return status
  if (status === "in_progress" || status === "calling" || status === "searching") return "incomplete"
  return error === null ? "completed" : "failed"
}

const errorContent = z.object({ content: z.array(z.looseObject({ text: z.string() })) })
const errorMessage = z.object({ message: z.string() })

/** The API's errors of tool calls: a text (older), a list of content, or a code with a message. */
function errorText(error: unknown): string | null {
  if (error === null || error === undefined) return null
  if (typeof error === "string") return error
  const content = errorContent.safeParse(error)
  if (content.success) return content.data.content.map((part) => part.text).join("\n")
  const withMessage = errorMessage.safeParse(error)
  return withMessage.success ? withMessage.data.message : JSON.stringify(error)
}

type Wire = Readonly<Record<string, unknown>>

/** Of an item: what the agent is not told of it, by its path in the item; empty: the item itself. */
const leftOut: Readonly<
  Record<string, readonly { readonly path: string; readonly has: (item: Wire) => boolean }[]>
> = {
  additional_tools: [{ path: "", has: () => true }],
  agent_message: [{ path: "content", has: ({ content }) => hasPart(content, "encrypted_content") }],
  code_interpreter_call: [{ path: "outputs", has: ({ outputs }) => hasPart(outputs, "image") }],
  compaction: [
    {
      path: "encrypted_content",
      has: ({ encrypted_content: content }) => typeof content === "string" && !isOwnCompaction(content),
    },
  ],
  image_generation_call: [{ path: "result", has: ({ result }) => isThere(result) }],
  reasoning: [{ path: "encrypted_content", has: ({ encrypted_content: content }) => isThere(content) }],
  web_search_call: [
    { path: "action.sources", has: ({ action }) => isObject(action) && isThere(action.sources) },
    { path: "results", has: ({ results }) => isThere(results) },
  ],
}

/**
 * What of a history is not told to the agent, each once: `input.reasoning.encrypted_content`. It is what only the service that made
 * it can read, or what an agent cannot be shown; the item itself is told all the same. `field`: where the items stand.
 */
export function leftOutOf(items: unknown, field: string): readonly string[] {
  if (!Array.isArray(items)) return []
  const names = new Set<string>()
  for (const item of items) {
    if (!isObject(item) || typeof item.type !== "string" || !Object.hasOwn(leftOut, item.type)) continue
    for (const { path, has } of leftOut[item.type] ?? []) {
      if (has(item)) names.add([field, item.type, path].filter((part) => part !== "").join("."))
    }
  }
  return [...names]
}

function hasPart(parts: unknown, type: string): boolean {
  return Array.isArray(parts) && parts.some((part) => isObject(part) && part.type === type)
}

function isThere(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false
  return !Array.isArray(value) || value.length > 0
}
