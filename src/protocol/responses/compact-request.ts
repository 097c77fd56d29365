import * as z from "zod"
import { newId } from "../../domain/ids.ts"
import { textMessage } from "../../domain/items.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { seconds } from "../common/answer-parts.ts"
import { isEmptyList, type Parameter, readParameters } from "../common/parameters.ts"
import { isObject, type WireObject, wrongField } from "../common/shape.ts"
import type { ParsedRequest } from "../common/wire-api.ts"
import { toCompactionItem } from "./compaction.ts"
import { responsesParameters } from "./parameters.ts"
import { parseResponsesRequest } from "./request.ts"
import { toResponseUsage } from "./resource.ts"

/** What the agent is asked when a conversation is compacted. */
const compactionPrompt =
  "Write a summary of the conversation above, for somebody who goes on with it and will see nothing of it but the user's " +
  "messages and your summary. Say what was decided and why, what was done and found (files, commands, results, numbers), " +
  "what is still open and what comes next. Only the summary: run nothing and change nothing."

const shared = new Set([
  "input",
  "instructions",
  "previous_response_id",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
  "service_tier",
  "image",
  "generate",
  "multi_agent",
  "stream_id",
])

/** Its documented fields; all but one mean what they mean for a response. */
export const compactParameters: readonly Parameter[] = [
  {
    name: "model",
    kind: "served",
    note: "Required. Names the agent that writes the summary; anything else goes to the manager.",
    documented: () => z.string().min(1),
    isRequired: true,
  },
  ...responsesParameters.filter(({ name }) => shared.has(name)),
]

export interface CompactRequest extends ParsedRequest {
  /** The user's own messages of the body, as valid input, in their order. */
  readonly messages: readonly WireObject[]
}

/** `turn` has the input and the question for the summary; what came before goes in front. */
export function parseCompactRequest(input: unknown): CompactRequest {
  const { body } = readParameters(compactParameters, input)
  if (typeof body.model !== "string" || body.model === "") {
    throw wrongField("model", "must name an agent: a text that is not empty.")
  }
  const isWithoutInput = body.input === undefined || isEmptyList(body.input)
  if (isWithoutInput && body.previous_response_id === undefined) {
    throw wrongField("input", "or 'previous_response_id' must say what is to be compacted.")
  }
  const known = Object.fromEntries(compactParameters.map(({ name }) => [name, body[name]]))
  const request = parseResponsesRequest({ ...known, store: false })
  const { turn } = request
  return {
    ...request,
    turn: {
      ...turn,
      input: [...turn.input, textMessage(newId("msg_"), "user", compactionPrompt)],
      // Written beside the conversation, on a thread that leaves nothing, by one that only reads.
      sideRequest: { certainty: "certain", sign: "compact" },
      echo: {},
    },
    messages: isWithoutInput ? [] : userMessages(body.input),
  }
}

/** From the body as it came: files and images stay what the client sent. */
function userMessages(input: unknown): WireObject[] {
  if (!Array.isArray(input)) return [userMessage(input)]
  return input
    .filter(isObject)
    .filter(({ role }) => role === "user")
    .map(({ content }) => userMessage(content))
}

function userMessage(content: unknown): WireObject {
  const parts = typeof content === "string" ? [{ type: "input_text", text: content }] : content
  return { id: newId("msg_"), type: "message", status: "completed", role: "user", content: parts }
}

/** `output` is valid input: the user's messages as they were, then the summary for all else. */
export function toCompaction(
  record: ResponseRecord,
  messages: readonly WireObject[],
  summary: string,
): WireObject {
  return {
    id: record.id,
    object: "response.compaction",
    created_at: seconds(record.createdAt),
    output: [...messages, toCompactionItem(summary)],
    usage: toResponseUsage(record),
  }
}
