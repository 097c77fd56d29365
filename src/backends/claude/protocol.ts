import { z } from "zod"
import { valueOfLine } from "../kit/rpc/json-noise.ts"

/**
 * What claude prints with `--output-format stream-json`, as far as it is looked at. Everything
 * unknown is ignored: fields, kinds of content blocks, kinds of events.
 */

const block = z.looseObject({ type: z.string() })
export type ContentBlock = z.infer<typeof block>

const count = z.number().nullish()
const usage = z.looseObject({
  input_tokens: count,
  cache_creation_input_tokens: count,
  cache_read_input_tokens: count,
  output_tokens: count,
})
export type NativeUsage = z.infer<typeof usage>

/** Of what a subagent does; null: the agent's own. */
const parent = z.string().nullish()

const schemas = {
  system: z.looseObject({
    type: z.literal("system"),
    subtype: z.string(),
    /** Of `init`: names of all that the model is offered. */
    tools: z.array(z.string()).nullish().catch(null),
    attempt: z.number().nullish(),
    max_retries: z.number().nullish(),
    error_status: z.number().nullish(),
    error: z.string().nullish(),
  }),
  stream_event: z.looseObject({
    type: z.literal("stream_event"),
    parent_tool_use_id: parent,
    event: z.looseObject({
      type: z.string(),
      index: z.number().optional(),
      message: z.looseObject({ id: z.string(), usage: usage.nullish() }).optional(),
      content_block: block.optional(),
      delta: z
        .looseObject({
          type: z.string().optional(),
          text: z.string().optional(),
          stop_reason: z.string().nullish(),
          thinking: z.string().optional(),
          /** Of the input of a tool, as the model writes it. */
          partial_json: z.string().optional(),
        })
        .optional(),
      usage: usage.nullish(),
    }),
  }),
  assistant: z.looseObject({
    type: z.literal("assistant"),
    uuid: z.string().nullish(),
    parent_tool_use_id: parent,
    message: z.looseObject({ id: z.string(), model: z.string().nullish(), content: z.array(block) }),
    /** Of what claude says itself in the place of the model. */
    error: z.string().nullish(),
  }),
  rate_limit_event: z.looseObject({
    type: z.literal("rate_limit_event"),
    rate_limit_info: z.looseObject({ status: z.string(), resetsAt: z.number().nullish() }),
  }),
  user: z.looseObject({
    type: z.literal("user"),
    uuid: z.string().nullish(),
    parent_tool_use_id: parent,
    message: z.looseObject({ content: z.union([z.string(), z.array(block)]) }),
    /** What the tool gave, in a form of its own. */
    tool_use_result: z.unknown().optional(),
  }),
  result: z.looseObject({
    type: z.literal("result"),
    subtype: z.string(),
    is_error: z.boolean().nullish(),
    api_error_status: z.number().nullish(),
    result: z.string().nullish(),
    structured_output: z.unknown().optional(),
    errors: z.array(z.string()).nullish(),
    num_turns: z.number().nullish(),
    terminal_reason: z.string().nullish(),
    usage: usage.nullish(),
  }),
  control_response: z.looseObject({
    type: z.literal("control_response"),
    response: z.looseObject({
      subtype: z.string(),
      request_id: z.string(),
      error: z.string().nullish(),
    }),
  }),
  control_request: z.looseObject({
    type: z.literal("control_request"),
    request_id: z.string(),
    request: z.looseObject({ subtype: z.string() }),
  }),
} as const

export type ClaudeEvent = z.infer<(typeof schemas)[keyof typeof schemas]>
export type StreamEvent = z.infer<typeof schemas.stream_event>
export type AssistantEvent = z.infer<typeof schemas.assistant>
export type UserEvent = z.infer<typeof schemas.user>
export type SystemEvent = z.infer<typeof schemas.system>
export type RateLimitEvent = z.infer<typeof schemas.rate_limit_event>
export type ResultEvent = z.infer<typeof schemas.result>

/**
 * `isBeginning`: nothing was read before. `garbage`: not a JSON object, an update notice for
 * example. `unknown`: JSON that is none of the events above.
 */
export function parseClaudeEvent(line: string, isBeginning: boolean): ClaudeEvent | "unknown" | "garbage" {
  const value = valueOfLine(line, isBeginning)
  if (typeof value !== "object" || value === null || !("type" in value)) return "garbage"
  const schema = Object.hasOwn(schemas, String(value.type))
    ? // The name was just found among the keys.
      schemas[value.type as keyof typeof schemas]
    : null
  const parsed = schema?.safeParse(value)
  if (parsed?.success === true) return parsed.data
  // A turn must not wait for ever because a field of its end has changed its form.
  return value.type === "result" ? { type: "result", subtype: "unreadable", is_error: true } : "unknown"
}
