import * as z from "zod"
import { newId } from "../../domain/ids.ts"
import type { ClientItem } from "../../domain/input-reference.ts"
import type { ItemStatus, Role } from "../../domain/items.ts"
import { refuseContentBeside } from "../common/content.ts"
import {
  invalidRequest,
  isObject,
  unknownValue,
  type WireObject,
  wrongField,
  wrongType,
} from "../common/shape.ts"
import { activityOf } from "./agent-activity.ts"
import { isOwnCompaction, lostSummary, readSummary } from "./compaction.ts"
import { foreignItems, type ItemForm, type ItemPlace, itemForm } from "./foreign-items.ts"
import { contentForm, readOutput, readParts } from "./input-content.ts"

const roles = { user: "user", assistant: "assistant", system: "developer", developer: "developer" } as const

const message = z.object({
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: z.unknown(),
  phase: z.enum(["commentary", "final_answer"]).nullish(),
})
const functionCallOutput = z.object({
  call_id: z.string().min(1).nullish(),
  name: z.string().nullish(),
  output: z.unknown(),
})
const texts = z.array(z.object({ text: z.string() })).nullish()
const searchAction = z.looseObject({
  query: z.string().nullish(),
  queries: z.array(z.string()).nullish(),
  url: z.string().nullish(),
  pattern: z.string().nullish(),
})
/** Settings from here on; read by `configurationOf`. */
const configurationUpdate = z.object({
  reasoning: z.object({ effort: z.string().min(1).max(64).nullish() }).nullish(),
  text: z.object({ format: z.unknown().optional() }).nullish(),
})

/** Says nothing to the agent; in the input it keeps its place, for the numbers of the others. */
const saysNothing = (): ClientItem => messageItem("developer", [], null)

const itemForms: Readonly<Record<string, ItemForm>> = {
  message: itemForm(message, ({ role, content, phase }, { path }, raw) => {
    if (role === "user") refuseContentBeside(raw, path, "content")
    return messageItem(roles[role], readParts(content, `${path}.content`), phase ?? null)
  }),
  function_call: itemForm(
    z.object({ call_id: z.string().min(1), name: z.string().min(1), arguments: z.string() }),
    ({ call_id: callId, ...call }) => ({
      type: "function_call",
      id: newId("fc_"),
      callId,
      ...call,
      status: "completed",
    }),
  ),
  function_call_output: itemForm(functionCallOutput, (answer, place) => {
    const output = readOutput(answer.output, `${place.path}.output`)
    const callId = answer.call_id ?? callIdOf(answer.name ?? null, place)
    return { type: "function_call_output", id: newId("fco_"), callId, output, status: "completed" }
  }),
  reasoning: itemForm(z.object({ summary: texts, content: texts }), ({ summary, content }) => {
    const isRaw = (summary ?? []).length === 0 && (content ?? []).length > 0
    return {
      type: "reasoning",
      id: newId("rs_"),
      ...(isRaw && { isRaw }),
      summary: ((isRaw ? content : summary) ?? []).map((part) => part.text),
      status: "completed",
    }
  }),
  mcp_call: itemForm(
    z.object({
      server_label: z.string(),
      name: z.string(),
      arguments: z.string(),
      output: z.string().nullish(),
      error: z.unknown().optional(),
      status: z.string().nullish(),
    }),
    ({ server_label: server, name: tool, arguments: args, output, error, status }) => {
      const call = { server, tool, arguments: args, output: output ?? null, error: errorText(error) }
      return activityOf(call, newId("mcp_"), statusOf(status, call.error))
    },
  ),
  web_search_call: itemForm(
    z.object({ action: searchAction.nullish(), status: z.string().nullish() }),
    ({ action, status }) => ({
      type: "web_search",
      id: newId("ws_"),
      query: soughtIn(action),
      status: statusOf(status, null),
    }),
  ),
  compaction: itemForm(
    z.object({ encrypted_content: z.string() }),
    ({ encrypted_content: content }, { path }) => {
      const text = isOwnCompaction(content) ? readSummary(content, path) : lostSummary
      return messageItem("assistant", [{ type: "text", text }], null)
    },
  ),
  configuration_update: itemForm(configurationUpdate, saysNothing),
  additional_tools: itemForm(z.object({ tools: z.array(z.unknown()) }), saysNothing),
  ...foreignItems,
}

/** An item of an input as it is documented. */
export function inputItemForm(): z.ZodType {
  const content = contentForm()
  const documented: Readonly<Record<string, z.ZodObject>> = {
    message: message.extend({ type: z.literal("message").nullish(), content }),
    function_call_output: functionCallOutput.extend({
      output: content,
      type: z.literal("function_call_output"),
    }),
  }
  return z.union([
    ...Object.entries(itemForms).map(
      ([type, { shape }]) => documented[type] ?? shape.extend({ type: z.literal(type) }),
    ),
    z.object({ type: z.literal("item_reference").nullish(), id: z.string() }),
  ])
}

/**
 * `input` of the Responses API as items, oldest first. Everything that our own `output` holds is
 * read back, and what other servers of the API left in a history. Items get ids of our own making:
 * those of a client are names that we cannot vouch for. Only what the API requires is asked for.
 */
export function readInput(value: unknown): ClientItem[] {
  if (typeof value === "string") return [readText(value)]
  if (!Array.isArray(value)) throw wrongType("input", "a string or an array of items", value)
  return readItems(value, "input")
}

/** The same for a list of items that stands at `path`. */
export function readItems(value: unknown, path: string): ClientItem[] {
  if (!Array.isArray(value)) throw wrongType(path, "an array of items", value)
  if (value.length === 0) throw wrongField(path, "must hold at least one item.")
  const calls = new Map<string, string>()
  const before: ClientItem[] = []
  for (const [index, item] of value.entries()) {
    before.push(readItem(item, { path: `${path}[${index}]`, before, calls }))
  }
  return before
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
  if (text === "") throw wrongField("input", "must not be empty.")
  return messageItem("user", [{ type: "text", text }], null)
}

function readItem(item: unknown, place: ItemPlace): ClientItem {
  const { path } = place
  if (!isObject(item)) throw wrongType(path, "an object", item)
  // A message may come without `type`, and so may a reference, which has an id and no role.
  const type = item.type ?? ("role" in item || !("id" in item) ? "message" : "item_reference")
  const form = typeof type === "string" && Object.hasOwn(itemForms, type) ? itemForms[type] : undefined
  if (form !== undefined) return form.read(item, place)
  if (type === "item_reference") {
    throw wrongField(
      path,
      "is an item reference, which only a response's input may have; send the item itself.",
    )
  }
  if (type === "compaction_trigger") {
    throw invalidRequest(
      `${path}.type`,
      "'compaction_trigger' cannot be served within a turn; ask POST /v1/responses/compact, and go on with its output.",
    )
  }
  throw unknownValue(`${path}.type`, Object.keys(itemForms), type)
}

/** Of an output that names the function only: the last call of it that nothing has answered. */
function callIdOf(name: string | null, { path, before }: ItemPlace): string {
  const answered = new Set(before.map((item) => (item.type === "function_call_output" ? item.callId : null)))
  const call = before.findLast(
    (item) => item.type === "function_call" && item.name === name && !answered.has(item.callId),
  )
  if (call?.type === "function_call") return call.callId
  throw invalidRequest(`${path}.call_id`, `Missing required parameter: '${path}.call_id'.`)
}

function messageItem(
  role: Role,
  content: ReturnType<typeof readParts>,
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
function soughtIn(action: z.infer<typeof searchAction> | null | undefined): string {
  const { query, queries, url, pattern } = action ?? {}
  const sought = query ?? queries?.join(", ") ?? pattern
  return [sought, url].filter((text) => text != null && text !== "").join(" in ")
}

/** Unfinished items are sent again too; a status of the client's invention is the end. */
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

/** What the agent is not told of an item, by its path in it; empty: the item itself. */
const leftOut: readonly (readonly [type: string, path: string, has: (item: WireObject) => boolean])[] = [
  ["additional_tools", "", () => true],
  ["agent_message", "content", ({ content }) => hasPart(content, "encrypted_content")],
  ["code_interpreter_call", "outputs", ({ outputs }) => hasPart(outputs, "image")],
  ["compaction", "encrypted_content", ({ encrypted_content: content }) => isForeignCompaction(content)],
  ["image_generation_call", "result", ({ result }) => isThere(result)],
  ["reasoning", "encrypted_content", ({ encrypted_content: content }) => isThere(content)],
  ["web_search_call", "action.sources", ({ action }) => isObject(action) && isThere(action.sources)],
  ["web_search_call", "results", ({ results }) => isThere(results)],
]

/**
 * What of a history is not told to the agent, each once: `input.reasoning.encrypted_content`. It is
 * what only the service that made it can read, or what an agent cannot be shown; the item itself is
 * told all the same. `field`: where the items stand.
 */
export function leftOutOf(items: unknown, field: string): readonly string[] {
  if (!Array.isArray(items)) return []
  const names = new Set<string>()
  for (const item of items) {
    if (!isObject(item)) continue
    for (const [type, path, has] of leftOut) {
      if (item.type === type && has(item))
        names.add([field, type, path].filter((part) => part !== "").join("."))
    }
  }
  return [...names]
}

function isForeignCompaction(content: unknown): boolean {
  return typeof content === "string" && !isOwnCompaction(content)
}

function hasPart(parts: unknown, type: string): boolean {
  return Array.isArray(parts) && parts.some((part) => isObject(part) && part.type === type)
}

function isThere(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false
  return !Array.isArray(value) || value.length > 0
}
