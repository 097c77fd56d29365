import type * as z from "zod"
import type { ClientItem } from "../../domain/input-reference.ts"
import { readFunctions } from "../common/functions.ts"
import { advisoryDetail } from "../common/media.ts"
import { readOutputFormat } from "../common/output-format.ts"
import { isEmptyList, readParameters } from "../common/parameters.ts"
import { invalidRequest, isObject, readShape, wrongField } from "../common/shape.ts"
import { readSideRequest } from "../common/side-request.ts"
import { type AskedTurn, defaultModel, type ParsedRequest } from "../common/wire-api.ts"
import { configurationOf, leftOutOf, readInput } from "./input-items.ts"
import { responsesParameters, servedByResponses } from "./parameters.ts"

/**
 * Reads the body of `POST /v1/responses`. Throws `ProxyError` `invalid_request`, which names the
 * field at fault. `needsInput` false: it is read for something else than its answer.
 */
export function parseResponsesRequest(input: unknown, { needsInput = true } = {}): ParsedRequest {
  checkExclusive(input)
  const { body, advisory, echo } = readParameters(responsesParameters, input)
  const request = readShape(servedByResponses, { ...body }, "")
  checkTogether(request, body.include)
  const configuration = configurationOf(body.input)
  const format = readOutputFormat(configuration.format ?? request.text?.format, "text.format", null)
  const previousResponseId = request.previous_response_id ?? null
  const conversationId = conversationIdOf(request.conversation)
  const isFirst = previousResponseId === null && conversationId === null
  // What is there already may be all that there is to answer, or to be gone on with.
  const hasInput = body.input !== undefined && !isEmptyList(body.input)
  const items = hasInput || (isFirst && needsInput) ? readInput(body.input) : []
  if (isFirst) checkFunctionOutputs(items)

  const {
    echo: functionEcho,
    advisory: ofFunctions,
    declaredServers,
    ...functions
  } = readFunctions(body, "responses")
  const turn: AskedTurn = {
    kind: "response",
    model: request.model ?? defaultModel,
    instructions: request.instructions ?? null,
    input: items,
    ...functions,
    previousResponseId,
    conversationId,
    effort: configuration.effort ?? request.reasoning?.effort ?? null,
    outputSchema: format.schema,
    answerLimits: { stopTexts: [], maxTokens: request.max_output_tokens ?? null },
    // The items stay in the conversation, and so does the thread that knows them.
    keepsThread: request.store || conversationId !== null,
    isStored: request.store,
    isBackground: request.background,
    echo: { ...echo, ...functionEcho, ...echoOf(request, conversationId, format.echo) },
  }
  const isOfAgent = request.background || !isFirst || body.store === true
  return {
    turn: {
      ...turn,
      // What is kept may be gone on from by its id.
      sideRequest: isOfAgent ? null : readSideRequest(turn, request.stream, !request.store),
    },
    stream: request.stream,
    declaredServers,
    includeUsage: false,
    advisory: [
      ...advisory,
      ...ofFunctions,
      ...format.advisory,
      ...advisoryDetail(items, "input.content.detail"),
      ...leftOutOf(body.input, "input"),
      ...advisoryParts(request),
    ],
  }
}

type Served = z.infer<typeof servedByResponses>

function checkTogether({ stream, stream_options, background, store }: Served, include: unknown): void {
  if (stream_options !== undefined && !stream) {
    throw wrongField("stream_options", "is only allowed when 'stream' is true.")
  }
  if (background && !store) {
    throw wrongField("background", "needs 'store': an answer that is not kept cannot be fetched.")
  }
  if (Array.isArray(include) && include.includes("message.output_text.logprobs")) {
    throw invalidRequest(
      "include",
      "'message.output_text.logprobs' cannot be served: agent CLIs tell no log probabilities.",
    )
  }
}

function echoOf({ reasoning, text }: Served, conversationId: string | null, format: object): object {
  return {
    ...(conversationId !== null && { conversation: { id: conversationId } }),
    ...(reasoning !== undefined && {
      reasoning: {
        effort: reasoning.effort ?? null,
        summary: reasoning.summary ?? reasoning.generate_summary ?? null,
      },
    }),
    ...(text !== undefined && {
      text: text.verbosity ? { format, verbosity: text.verbosity } : { format },
    }),
  }
}

function advisoryParts({ reasoning, text, image }: Served): string[] {
  const names: string[] = []
  for (const name of ["summary", "generate_summary", "context", "mode"] as const) {
    if (reasoning?.[name] != null) names.push(`reasoning.${name}`)
  }
  if (text?.verbosity != null) names.push("text.verbosity")
  if (image?.context_compression === "disabled") names.push("image.context_compression")
  return names
}

function conversationIdOf(value: Served["conversation"]): string | null {
  return (typeof value === "object" ? value.id : value) ?? null
}

function checkExclusive(input: unknown): void {
  if (isObject(input) && input.conversation != null && input.previous_response_id != null) {
    throw wrongField("conversation", "and 'previous_response_id' exclude each other: send one of them.")
  }
}

/** Within a chain the call may be in an earlier response, which only the engine knows. */
function checkFunctionOutputs(items: readonly ClientItem[]): void {
  const callIds = new Set<string>()
  for (const [index, item] of items.entries()) {
    if (item.type === "function_call") callIds.add(item.callId)
    if (item.type === "function_call_output" && !callIds.has(item.callId)) throw orphan(item.callId, index)
  }
}

function orphan(callId: string, index: number): Error {
  return invalidRequest(
    `input[${index}].call_id`,
    `No function call with the call_id '${callId.slice(0, 64)}' stands before 'input[${index}]'.`,
  )
}
