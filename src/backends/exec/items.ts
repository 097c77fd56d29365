import { z } from "zod"
import type { Item } from "../../domain/items.ts"
import { rawValueAt } from "../../domain/raw-json.ts"
import type { Usage } from "../../domain/usage.ts"
import { itemOf } from "../codex/items.ts"
import type { NativeItem } from "../codex/protocol.ts"
import { valueOfLine } from "../kit/rpc/json-noise.ts"

/** codex's name of the server with the client's functions; users give theirs no such name. */
export const functionServer = "client_functions"

/** The events of `exec --json` that we read; unknown ones, and unknown fields, are ignored. */
const itemSchema = z.looseObject({ id: z.string(), type: z.string() })
const tokens = z.number().nonnegative()

const eventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("thread.started"), thread_id: z.string().min(1) }),
  z.object({ type: z.literal("turn.started") }),
  z.object({ type: z.literal("item.started"), item: itemSchema }),
  z.object({ type: z.literal("item.completed"), item: itemSchema }),
  z.object({
    type: z.literal("turn.completed"),
    // Releases before 0.120 tell no reasoning tokens.
    usage: z
      .object({
        input_tokens: tokens,
        cached_input_tokens: tokens.default(0),
        output_tokens: tokens,
        reasoning_output_tokens: tokens.default(0),
      })
      .transform(
        (told): Usage => ({
          inputTokens: told.input_tokens,
          cachedInputTokens: told.cached_input_tokens,
          outputTokens: told.output_tokens,
          reasoningTokens: told.reasoning_output_tokens,
        }),
      )
      .nullish(),
  }),
  z.object({ type: z.literal("turn.failed"), error: z.object({ message: z.string() }).nullish() }),
  z.object({ type: z.literal("error"), message: z.string() }),
])

const typedSchema = z.looseObject({ type: z.string() })

export type ExecEvent = z.infer<typeof eventSchema>
type ExecItem = z.infer<typeof itemSchema>

/**
 * `isBeginning`: nothing was read before. `garbage`: not an event at all; `unknown`: one that we do
 * not read, or one of unexpected form.
 */
export function parseExecEvent(line: string, isBeginning: boolean): ExecEvent | "unknown" | "garbage" {
  const value = valueOfLine(line, isBeginning)
  const event = eventSchema.safeParse(value)
  if (event.success) return withWrittenArguments(event.data, line)
  return typedSchema.safeParse(value).success ? "unknown" : "garbage"
}

/** The arguments of a tool as they stand in the line: parsing rounds long numbers. */
function withWrittenArguments(event: ExecEvent, line: string): ExecEvent {
  if (event.type !== "item.started" && event.type !== "item.completed") return event
  if (event.item.type !== "mcp_tool_call" || !line.startsWith("{")) return event
  return { ...event, item: { ...event.item, argumentsText: rawValueAt(line, ["item", "arguments"]) } }
}

/**
 * An item of `exec --json` in our words; null for kinds that are no output. The same items as the
 * app-server's, spelt otherwise, so they are respelt and mapped there. Throws where a known kind
 * has another form.
 */
export function itemOfExec(item: ExecItem, isDone: boolean): Item | null {
  return itemOf(respelt(item), isDone)
}

/** The kinds that are output, with the fields that are spelt otherwise. */
const kinds: Readonly<Record<string, (item: ExecItem) => Readonly<Record<string, unknown>>>> = {
  agent_message: () => ({}),
  reasoning: ({ text }) => ({ summary: typeof text === "string" ? [text] : [] }),
  command_execution: (item) => ({ aggregatedOutput: item.aggregated_output, exitCode: item.exit_code }),
  file_change: ({ changes }) => ({ changes: respeltChanges(changes) }),
  mcp_tool_call: () => ({}),
  web_search: () => ({}),
}

function respelt(item: ExecItem): NativeItem {
  const { id, type } = item
  const fields = Object.hasOwn(kinds, type) ? kinds[type]?.(item) : undefined
  if (fields === undefined) return { type: "unknown", id }
  const status = item.status === "in_progress" ? "inProgress" : item.status
  return { ...item, ...fields, status, type: type.replace(/_(\w)/g, (_, letter) => letter.toUpperCase()) }
}

const changesSchema = z.array(z.looseObject({ kind: z.string() }))

function respeltChanges(changes: unknown): unknown {
  return changesSchema.parse(changes).map((change) => ({ ...change, kind: { type: change.kind } }))
}
