import type { Response, ResponseInput } from "openai/resources/responses/responses"

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
export const chatTools = tools.map(({ type, strict: _strict, ...rest }) => ({ type, function: rest }))

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
