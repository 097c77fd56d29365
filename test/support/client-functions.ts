import type OpenAI from "openai"
import type { ChatCompletion, ChatCompletionMessageParam } from "openai/resources/chat/completions"
import type { Response, ResponseInput } from "openai/resources/responses/responses"

/** As Responses have it. */
export interface ClientFunction {
  readonly type: "function"
  readonly name: string
  readonly description: string
  readonly parameters: Record<string, unknown>
  readonly strict: boolean
}

const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
}
export const weather = {
  type: "function" as const,
  name: "get_weather",
  description: "Weather",
  parameters,
  strict: false,
}
const time = { ...weather, name: "get_time", description: "Time" }
export const tools = [weather, time]
/** As chat completions have them. */
function chatToolsOf(functions: readonly ClientFunction[]) {
  return functions.map(({ type, strict: _strict, ...rest }) => ({ type, function: rest }))
}

/** For the scripted model. */
export const twoCalls = '[[tool:get_weather:{"city":"Oslo"}]][[tool:get_time:{"city":"Rome"}]]'

export function callsOf(response: Response) {
  return response.output.filter((item) => item.type === "function_call")
}

export function outputsFor(response: Response): ResponseInput {
  return callsOf(response).map((call) => ({
    type: "function_call_output" as const,
    call_id: call.call_id,
    output: `${call.name} says 21`,
  }))
}

/** Whole, or streamed and put together by the official client. */
export function askInResponses(
  client: OpenAI,
  more: {
    readonly input: string | ResponseInput
    readonly previous_response_id?: string
    readonly tools?: ClientFunction[]
    readonly metadata?: Record<string, string>
  },
  streams: boolean,
): Promise<Response> {
  const body = { model: "manager", tools, ...more }
  if (!streams) return client.responses.create(body)
  // What the helper has parsed besides is of no use here.
  return client.responses.stream(body).finalResponse() as Promise<Response>
}

/** Whole, or streamed and put together by the official client. */
export function askInChat(
  client: OpenAI,
  messages: ChatCompletionMessageParam[],
  streams: boolean,
  functions: readonly ClientFunction[] = tools,
  more: { readonly metadata?: Record<string, string> } = {},
): Promise<ChatCompletion> {
  const body = { model: "manager", messages, tools: chatToolsOf(functions), ...more }
  if (!streams) return client.chat.completions.create(body)
  return client.chat.completions
    .stream({ ...body, stream_options: { include_usage: true } })
    .finalChatCompletion()
}

/** The calls of an answer, and a result for each that has its call's id in it. */
export function withResults(completion: ChatCompletion): ChatCompletionMessageParam[] {
  const message = completion.choices[0]?.message
  if (message?.tool_calls === undefined) throw new Error("no calls")
  const results = message.tool_calls.map(({ id }) => ({
    role: "tool" as const,
    tool_call_id: id,
    content: `result of ${id}`,
  }))
  return [message, ...results]
}
