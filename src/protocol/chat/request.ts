import type * as z from "zod"
import { readFunctions } from "../common/functions.ts"
import { advisoryDetail } from "../common/media.ts"
import { readOutputFormat } from "../common/output-format.ts"
import { readParameters } from "../common/parameters.ts"
import { readShape, wrongField } from "../common/shape.ts"
import { readSideRequest } from "../common/side-request.ts"
import { type AskedTurn, defaultModel, type ParsedRequest } from "../common/wire-api.ts"
import { readMessages } from "./messages.ts"
import { chatParameters, servedByChat } from "./parameters.ts"

/** What a completion repeats; the Responses API repeats far more. */
const echoed = ["metadata", "service_tier"]

/**
 * Reads the body of `POST /v1/chat/completions`. Throws `ProxyError` `invalid_request`, which names
 * the field at fault. `store` is about retrieval: without it the thread is kept, so that a resent
 * history continues it.
 */
export function parseChatRequest(input: unknown): ParsedRequest {
  const { body, advisory, echo } = readParameters(chatParameters, input)
  const request = readShape(servedByChat, { ...body }, "")
  if (request.stream_options !== undefined && !request.stream) {
    throw wrongField("stream_options", "is only allowed when 'stream' is true.")
  }
  const format = readOutputFormat(body.response_format, "response_format", "json_schema")
  const { echo: _echo, advisory: ofFunctions, declaredServers, ...functions } = readFunctions(body, "chat")
  const { instructions, input: items, inputPaths, hasNames } = readMessages(body.messages)
  const turn: AskedTurn = {
    kind: "chat",
    model: request.model ?? defaultModel,
    instructions,
    input: items,
    inputPaths,
    ...functions,
    previousResponseId: null,
    conversationId: null,
    effort: request.reasoning_effort ?? null,
    outputSchema: format.schema,
    answerLimits: { stopTexts: [request.stop ?? []].flat(), maxTokens: smallest(request) },
    keepsThread: request.store !== false,
    isStored: request.store === true,
    isBackground: false,
    echo: Object.fromEntries(Object.entries(echo).filter(([name]) => echoed.includes(name))),
  }
  return {
    turn: { ...turn, sideRequest: turn.isStored ? null : readSideRequest(turn, request.stream, true) },
    stream: request.stream,
    declaredServers,
    includeUsage: request.stream_options?.include_usage === true,
    advisory: [
      ...advisory,
      ...ofFunctions,
      ...format.advisory,
      ...(hasNames ? ["messages.name"] : []),
      ...advisoryDetail(items, "messages.content.image_url.detail"),
    ],
  }
}

function smallest(
  limits: Pick<z.infer<typeof servedByChat>, "max_tokens" | "max_completion_tokens">,
): number | null {
  const given = [limits.max_tokens, limits.max_completion_tokens].filter((limit) => limit !== undefined)
  return given.length === 0 ? null : Math.min(...given)
}
