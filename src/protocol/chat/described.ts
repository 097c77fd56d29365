import { count, object, orNull, pairs, ref, text, time } from "../common/answer-shapes.ts"
import type { TurnRoute } from "../common/wire-api.ts"

/** `POST /v1/chat/completions`, for OpenAPI. */
export const chatRoute: TurnRoute = {
  path: "/v1/chat/completions",
  name: "createChatCompletion",
  note: "A turn of the agent that `model` names, whole or as chunks. Resent history continues its thread.",
  body: "CreateChatCompletion",
  answer: "ChatCompletion",
  schemas: {
    ChatCompletion: object(
      {
        id: text,
        object: { const: "chat.completion" },
        created: time,
        model: { ...text, description: "The agent." },
        choices: { type: "array", minItems: 1, maxItems: 1, items: ref("Choice") },
        usage: object({ prompt_tokens: count, completion_tokens: count, total_tokens: count }),
      },
      { metadata: pairs, service_tier: text },
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
  },
}
