import { randomUUID } from "node:crypto"
import type { HistoryTurn, TurnInput } from "../../domain/backend.ts"
import type { Item, MessageItem } from "../../domain/items.ts"
import { fitId } from "../kit/functions/call-ids.ts"
import { type FunctionNames, unused } from "../kit/functions/function-names.ts"
import { clientServer } from "../kit/functions/handed-functions.ts"
import { asData, contentBlocks, inputBlocks, textBlocks } from "./input-blocks.ts"

export const claudeKind = "claude"

type Block = Readonly<Record<string, unknown>>

/** A message of a session, as it is told to claude before the first turn. */
export interface SeedMessage {
  readonly role: "user" | "assistant"
  readonly content: readonly Block[]
}

const noResult = "(The tool gave no result: the call was cut off.)"

/**
 * The messages that give a new session the memory of `history`. Where the turn was claude's, they
 * are the native ones: with its reasoning, its tools and their results. Otherwise our items become
 * texts and calls of tools.
 *
 * A model server wants the results of all calls of a message in the next one, and nothing else
 * before them. So results are put there wherever they were told; the client's own answer to a call
 * is preferred to what claude noted when it did not wait for it. A result without a call becomes a
 * text.
 */
export function historyMessages(history: readonly HistoryTurn[], names: FunctionNames): SeedMessage[] {
  const told = withOwnIds(history.flatMap((turn) => toldMessages(turn, names)))
  const results = new Map<string, Block>()
  for (const block of told.flatMap(({ content }) => content).filter(isResult)) {
    const id = String(block.tool_use_id)
    const known = results.get(id)
    if (known === undefined || (known[ofClient] !== true && block[ofClient] === true)) results.set(id, block)
  }
  const called = new Set(told.flatMap(({ content }) => content.filter(isCall).map(({ id }) => String(id))))
  const messages: SeedMessage[] = []
  for (const { role, content } of told) {
    const kept =
      role === "assistant"
        ? content
        : content.map((block) => textOfOrphan(block, called)).filter((block) => block !== null)
    if (kept.length > 0) messages.push({ role, content: kept })
    const calls = role === "assistant" ? content.filter(isCall) : []
    if (calls.length > 0)
      messages.push({ role: "user", content: calls.map((call) => resultOf(call, results)) })
  }
  return joined(messages)
}

/**
 * Each call with an id of its own, and the results with that of the call before them: other
 * providers, and some model servers, begin to count anew in each round.
 */
function withOwnIds(messages: readonly SeedMessage[]): SeedMessage[] {
  const used = new Set<string>()
  /** Of the newest call that was told under that id. */
  const current = new Map<string, string>()
  const renamed = (block: Block): Block => {
    if (isCall(block)) {
      const told = String(block.id)
      const id = unused(told, used)
      used.add(id)
      current.set(told, id)
      return { ...block, id }
    }
    return isResult(block)
      ? { ...block, tool_use_id: current.get(String(block.tool_use_id)) ?? block.tool_use_id }
      : block
  }
  return messages.map(({ role, content }) => ({ role, content: content.map(renamed) }))
}

/** Marks a result as the client's own; not told to claude. */
const ofClient = "ofClient"

function toldMessages({ input, output, native }: HistoryTurn, names: FunctionNames): SeedMessage[] {
  const heard = input.flatMap((item) => itemMessages(item, names))
  if (native?.kind === claudeKind && native.items.length > 0) {
    return [...heard, ...native.items.flatMap(nativeMessage)]
  }
  return [...heard, ...output.flatMap((item) => itemMessages(item, names))]
}

function nativeMessage(item: unknown): SeedMessage[] {
  if (typeof item !== "object" || item === null || !("role" in item) || !("content" in item)) return []
  const { role, content } = item
  if ((role !== "user" && role !== "assistant") || !Array.isArray(content)) return []
  // They were content blocks of claude when they were stored.
  return [{ role, content: content as readonly Block[] }]
}

function itemMessages(item: Item, names: FunctionNames): SeedMessage[] {
  switch (item.type) {
    case "message":
      return messageOf(item)
    case "function_call":
      return [call(item.callId, `mcp__${clientServer}__${names.toNative(item.name)}`, item.arguments)]
    case "function_call_output": {
      const content = contentBlocks(item.output)
      const block = { type: "tool_result", tool_use_id: fitId(item.callId), content, [ofClient]: true }
      return [{ role: "user", content: [block] }]
    }
    case "command": {
      const ending = item.exitCode === null ? "(It did not end.)" : `(Exit code ${item.exitCode})`
      return [
        call(item.id, "Bash", JSON.stringify({ command: item.command })),
        result(item.id, `${item.output}\n${ending}`),
      ]
    }
    case "tool_call":
      return [
        call(item.id, `mcp__${item.server}__${item.tool}`, item.arguments),
        result(item.id, item.error ?? item.output ?? ""),
      ]
    case "file_change": {
      const lines = item.changes.map(({ kind, path }) => `(I did this to a file: ${kind} ${path})`)
      return lines.length === 0 ? [] : [{ role: "assistant", content: textBlocks(lines.join("\n")) }]
    }
    case "web_search":
      if (item.query === "") return []
      return [
        call(item.id, "WebSearch", JSON.stringify({ query: item.query })),
        result(item.id, "(What was found is in the answer.)"),
      ]
    case "reasoning":
      // What came of it is in the messages.
      return []
  }
}

function messageOf({ role, content }: MessageItem): SeedMessage[] {
  const blocks = contentBlocks(content, role)
  // Only what is said to a model may hold images.
  const kept = role === "assistant" ? blocks.filter((block) => block.type === "text") : blocks
  return kept.length === 0 ? [] : [{ role: role === "assistant" ? "assistant" : "user", content: kept }]
}

function call(id: string, name: string, args: string): SeedMessage {
  return {
    role: "assistant",
    content: [{ type: "tool_use", id: fitId(id), name: nameOf(name), input: inputOf(args) }],
  }
}

function result(id: string, output: string): SeedMessage {
  return {
    role: "user",
    content: [{ type: "tool_result", tool_use_id: fitId(id), content: output || "(nothing)" }],
  }
}

function resultOf(use: Block, results: ReadonlyMap<string, Block>): Block {
  const found = results.get(String(use.id))
  if (found === undefined) {
    return { type: "tool_result", tool_use_id: use.id, content: noResult, is_error: true }
  }
  const { [ofClient]: _, ...block } = found
  return block
}

/** Null: the result is told behind its call. */
function textOfOrphan(block: Block, called: ReadonlySet<string>): Block | null {
  if (!isResult(block)) return block
  if (called.has(String(block.tool_use_id))) return null
  const text = Array.isArray(block.content)
    ? block.content.map((part: unknown) => (isText(part) ? part.text : "")).join("\n")
    : String(block.content)
  return { type: "text", text: `(Result of ${String(block.tool_use_id)}) ${text}` }
}

/** Messages of one side in a row, as one; results of calls stay a message of their own. */
function joined(messages: readonly SeedMessage[]): SeedMessage[] {
  const out: SeedMessage[] = []
  for (const message of messages) {
    const last = out.at(-1)
    const isApart = last === undefined || last.role !== message.role || last.content.some(isResult)
    if (isApart) out.push(message)
    else out[out.length - 1] = { role: message.role, content: [...last.content, ...message.content] }
  }
  return out
}

function isResult(block: Block): boolean {
  return block.type === "tool_result"
}

function isCall(block: Block): boolean {
  return block.type === "tool_use"
}

function isText(part: unknown): part is { readonly text: string } {
  return typeof part === "object" && part !== null && "text" in part && typeof part.text === "string"
}

/** What a model server takes as the name of a tool. */
function nameOf(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_-]/g, "_").slice(0, 128) || "tool"
}

function inputOf(args: string): unknown {
  try {
    const value: unknown = JSON.parse(args)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : { value }
  } catch {
    // As the model wrote it.
    return { value: args }
  }
}

/**
 * What the model is asked: the new messages, or, where there are none, what the history ends with
 * if that is not the agent's. `before` is to be told without asking.
 */
export function queryOf(
  history: readonly SeedMessage[],
  { messages }: TurnInput,
): { readonly before: readonly SeedMessage[]; readonly content: SeedMessage["content"] } {
  const last = history.at(-1)
  if (messages.length === 0 && last?.role === "user") {
    return { before: history.slice(0, -1), content: last.content }
  }
  return { before: history, content: inputBlocks(messages) }
}

/**
 * Tells claude messages of a conversation that it has not been part of, by its own protocol: it
 * keeps them in its session as if they had been said there. Those of the user are queued, and their
 * `result` tells that they are in; those of the agent are taken at once.
 */
export async function seedSession(
  send: (message: Readonly<Record<string, unknown>>) => void,
  messages: readonly SeedMessage[],
  nextResult: () => Promise<void>,
): Promise<void> {
  for (const { role, content } of messages) {
    if (role === "user") {
      const taken = nextResult()
      send({ ...userMessage(content, randomUUID()), shouldQuery: false })
      await taken
    } else send(assistantMessage(content))
  }
}

export function userMessage(
  content: SeedMessage["content"],
  uuid: string,
): Readonly<Record<string, unknown>> {
  return { type: "user", uuid, parent_tool_use_id: null, message: { role: "user", content: asData(content) } }
}

function assistantMessage(content: SeedMessage["content"]): Readonly<Record<string, unknown>> {
  const isCalling = content.some((block) => block.type === "tool_use")
  return {
    type: "assistant",
    uuid: randomUUID(),
    parent_tool_use_id: null,
    message: {
      id: `msg_${randomUUID()}`,
      type: "message",
      role: "assistant",
      model: "earlier",
      content,
      stop_reason: isCalling ? "tool_use" : "end_turn",
      usage: { input_tokens: 0, output_tokens: 0 },
    },
  }
}
