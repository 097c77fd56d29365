import { count, flag, object, orNull, pairs, ref, text, time } from "../common/answer-shapes.ts"
import type { TurnRoute } from "../common/wire-api.ts"

/** `POST /v1/responses`, for OpenAPI. */
export const responsesRoute: TurnRoute = {
  path: "/v1/responses",
  name: "createResponse",
  note: "A turn of the agent that `model` names, whole, as events, or in the background.",
  body: "CreateResponse",
  answer: "Response",
  schemas: {
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
      metadata: pairs,
      usage: orNull(object({ input_tokens: count, output_tokens: count, total_tokens: count })),
    }),
  },
}
