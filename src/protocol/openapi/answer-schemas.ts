export type JsonSchema = Readonly<Record<string, unknown>>

const text = { type: "string" }
const flag = { type: "boolean" }
const count = { type: "integer", minimum: 0 }
const time = { type: "integer", description: "Seconds since 1970." }
const metadata = { type: "object", additionalProperties: text }
const anything = {}

/** By name. All keys that are named are always there, unless they are in `optional`. */
export const answerSchemas: Readonly<Record<string, JsonSchema>> = {
  Error: object({
    error: object(
      { message: text, type: text, param: orNull(text), code: orNull(text) },
      { resets_at: { ...time, description: "When the limit that was met begins anew; may be left out." } },
    ),
  }),
  Model: object({
    id: { ...text, description: "The agent." },
    object: { const: "model" },
    created: time,
    owned_by: { ...text, description: "Kind of its CLI." },
    ready: { ...flag, description: "It can be asked now." },
    problem: orNull(object({ reason: text, next_step: text })),
    capabilities: orNull(ref("Capabilities")),
  }),
  Capabilities: object({
    program: text,
    version: orNull(text),
    streams_deltas: flag,
    accepts_images: flag,
    calls_functions: flag,
    takes_json_schema: { ...flag, description: "The service holds answers to their schema in any case." },
    forks_threads: {
      ...flag,
      description: "Without it a branch is a new thread that is told its history.",
    },
    reasoning_efforts: {
      type: "array",
      items: text,
      description: "Empty: there are none, or it does not tell.",
    },
  }),
  AgentReply: object(
    {
      id: text,
      object: { const: "agent_reply" },
      created_at: time,
      agent: text,
      text: {
        ...orNull(text),
        description: "Null in the answer to a repeated `id` whose message was taken out of the outbox.",
      },
      delivered_to: {
        enum: ["turn", "conversation", "outbox"],
        description: "A turn that waited for it, the conversation's items, or the agent's outbox.",
      },
      final: flag,
      response_id: orNull(text),
      conversation: orNull(text),
    },
    {
      event: {
        ...orNull(text),
        description: "It and the next three: of what came in the form of release 0.2.0.",
      },
      data: anything,
      task_id: orNull(text),
      metadata: orNull({ type: "object" }),
      file: { ...text, description: "In the home, where release 0.2.0 has left it; such a file stays." },
    },
  ),
  SentAgentReply: { anyOf: [ref("AgentReply"), object({ ok: { const: true }, id: text })] },
  AgentReplyList: listOf("AgentReply"),
  ModelList: object({ object: { const: "list" }, data: { type: "array", items: ref("Model") } }),
  ChatCompletion: object(
    {
      id: text,
      object: { const: "chat.completion" },
      created: time,
      model: { ...text, description: "The agent." },
      choices: { type: "array", minItems: 1, maxItems: 1, items: ref("Choice") },
      usage: object({ prompt_tokens: count, completion_tokens: count, total_tokens: count }),
    },
    { metadata, service_tier: text },
  ),
  Choice: object({
    index: { const: 0 },
    message: object(
      { role: { const: "assistant" }, content: orNull(text), refusal: orNull(text) },
      { reasoning_content: text, tool_calls: { type: "array", items: ref("ToolCall") } },
    ),
    logprobs: { type: "null" },
    finish_reason: { enum: ["stop", "length", "tool_calls", "content_filter"] },
  }),
  ToolCall: object({
    id: text,
    type: { const: "function" },
    function: object({ name: text, arguments: text }),
  }),
  ChatMessage: object({ id: text, role: text, content: anything }),
  Response: object({
    id: text,
    object: { const: "response" },
    created_at: time,
    completed_at: orNull(time),
    status: { enum: ["queued", "in_progress", "completed", "failed", "incomplete", "cancelled"] },
    background: flag,
    error: orNull(object({ code: text, message: text })),
    incomplete_details: orNull(object({ reason: text })),
    model: { ...text, description: "The agent." },
    output: { type: "array", items: ref("Item") },
    output_text: { ...text, description: "All texts of `output`'s messages, one behind the other." },
    previous_response_id: orNull(text),
    conversation: orNull(object({ id: text })),
    metadata,
    usage: orNull(object({ input_tokens: count, output_tokens: count, total_tokens: count })),
  }),
  Item: {
    ...object({ id: text, type: text }),
    description: "message, reasoning, function_call, function_call_output, mcp_call or web_search_call.",
  },
  Compaction: object({
    id: text,
    object: { const: "response.compaction" },
    created_at: time,
    output: { type: "array", items: ref("Item"), description: "Valid input for the next request." },
    usage: object({ input_tokens: count, output_tokens: count, total_tokens: count }),
  }),
  TokenCount: object({ object: { const: "response.input_tokens" }, input_tokens: count }),
  Conversation: object({ id: text, object: { const: "conversation" }, created_at: time, metadata }),
  File: object(
    {
      id: text,
      object: { const: "file" },
      bytes: count,
      created_at: time,
      filename: text,
      purpose: text,
      status: text,
    },
    { expires_at: time },
  ),
  Deleted: object({ id: text, object: text, deleted: { const: true } }),
  ChatCompletionList: listOf("ChatCompletion"),
  ChatMessageList: listOf("ChatMessage"),
  ItemList: listOf("Item"),
  FileList: listOf("File"),
  Health: object({
    ok: { const: true },
    status: { const: "ok" },
    version: text,
    uptime_seconds: count,
    endpoint: { ...text, description: "Where responses are asked for, as this request has reached it." },
    manager: { ...text, description: "The agent that gets what is addressed to nobody else." },
  }),
  Readiness: object({ status: { enum: ["ready", "not_ready"] } }, { code: text, reason: text }),
  OpenApi: { type: "object" },
}

export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

type Properties = Readonly<Record<string, JsonSchema>>

function object(properties: Properties, optional: Properties = {}): JsonSchema {
  return { type: "object", required: Object.keys(properties), properties: { ...properties, ...optional } }
}

function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "null" }] }
}

function listOf(name: string): JsonSchema {
  return object({
    object: { const: "list" },
    data: { type: "array", items: ref(name) },
    first_id: text,
    last_id: text,
    has_more: flag,
  })
}
