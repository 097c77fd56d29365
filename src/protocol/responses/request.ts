import * as z from "zod"
import type { FunctionCallOutputItem, Item } from "../../domain/items.ts"
import { readFunctions } from "../functions.ts"
import { readOutputFormat } from "../output-format.ts"
import { readParameters } from "../parameters.ts"
import type { ParsedRequest } from "../parsed-request.ts"
import { defaultModel } from "../parsed-request.ts"
import { invalidRequest, isObject, readShape } from "../shape.ts"
import { readInput } from "./input-items.ts"
import { responsesParameters } from "./parameters.ts"

const summaries = z.enum(["auto", "concise", "detailed"]).nullish()

const served = z.object({
  model: z.string().optional(),
  stream: z.boolean().default(false),
  store: z.boolean().default(true),
  instructions: z.string().optional(),
  previous_response_id: z.string().optional(),
  stream_options: z.object({ include_obfuscation: z.boolean().nullish() }).optional(),
  reasoning: z
    .object({
      effort: z.string().min(1).max(64).nullish(),
      summary: summaries,
      generate_summary: summaries,
      context: z.string().nullish(),
      mode: z.string().nullish(),
    })
    .optional(),
  text: z.object({ format: z.unknown(), verbosity: z.enum(["low", "medium", "high"]).nullish() }).optional(),
})

/** Reads the body of `POST /v1/responses`. Throws `ProxyError` `invalid_request`, which names the field at fault. */
export function parseResponsesRequest(input: unknown): ParsedRequest {
  checkExclusive(input)
  const { body, advisory, echo } = readParameters(responsesParameters, input)
  const request = readShape(served, { ...body }, "")
  if (request.stream_options !== undefined && !request.stream) {
    throw invalidRequest("stream_options", "'stream_options' is only allowed when 'stream' is true.")
  }
  if (Array.isArray(body.include) && body.include.includes("message.output_text.logprobs")) {
    throw invalidRequest(
      "include",
      "'message.output_text.logprobs' cannot be served: agent CLIs tell no log probabilities.",
    )
  }
  const format = readOutputFormat(request.text?.format, "text.format", null)
  const items = readInput(body.input)
  const previousResponseId = request.previous_response_id ?? null
  if (previousResponseId === null) checkFunctionOutputs(items)

  const functions = readFunctions(body, "responses")
  const { reasoning, text } = request
  return {
    turn: {
      kind: "response",
      model: request.model ?? defaultModel,
      instructions: request.instructions ?? null,
      input: items,
      tools: functions.tools,
      functionChoice: functions.functionChoice,
      allowsParallelCalls: functions.allowsParallelCalls,
      previousResponseId,
      effort: reasoning?.effort ?? null,
      outputSchema: format.schema,
      keepsThread: request.store,
      isStored: request.store,
      echo: {
        ...echo,
        ...functions.echo,
        ...(reasoning !== undefined && {
          reasoning: {
            effort: reasoning.effort ?? null,
            summary: reasoning.summary ?? reasoning.generate_summary ?? null,
          },
        }),
        ...(text !== undefined && {
          text: text.verbosity ? { format: format.echo, verbosity: text.verbosity } : { format: format.echo },
        }),
      },
    },
    stream: request.stream,
    includeUsage: false,
    advisory: [...advisory, ...advisoryParts(reasoning, text)],
  }
}

function advisoryParts(
  reasoning: z.infer<typeof served>["reasoning"],
  text: z.infer<typeof served>["text"],
): string[] {
  const names: string[] = []
  for (const name of ["summary", "generate_summary", "context", "mode"] as const) {
    if (reasoning?.[name] != null) names.push(`reasoning.${name}`)
  }
  if (text?.verbosity != null) names.push("text.verbosity")
  return names
}

function checkExclusive(input: unknown): void {
  if (isObject(input) && input.conversation != null && input.previous_response_id != null) {
    throw invalidRequest(
      "conversation",
      "'conversation' and 'previous_response_id' exclude each other: send one of them.",
    )
  }
}

/** Within a chain the call may be in an earlier response, which only the engine knows. */
function checkFunctionOutputs(items: readonly Item[]): void {
  const callIds = new Set<string>()
  for (const [index, item] of items.entries()) {
    if (item.type === "function_call") callIds.add(item.callId)
    if (item.type === "function_call_output" && !callIds.has(item.callId)) throw orphan(item, index)
  }
}

function orphan(item: FunctionCallOutputItem, index: number): Error {
  return invalidRequest(
    `input[${index}].call_id`,
    `No function call with the call_id '${item.callId.slice(0, 64)}' stands before 'input[${index}]'.`,
  )
}
