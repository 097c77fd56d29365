import { sideRequest } from "../side-request.ts"
import type { JsonObject, ResponsesBody } from "../wire.ts"
import { isObject, objectsOf, stringOf } from "../wire.ts"

/** A request of the Chat Completions API in the form of the Responses API. */
export function chatBodyOf(body: JsonObject): ResponsesBody {
  const tools = objectsOf(body.tools).map((tool) => ({
    ...(isObject(tool.function) ? tool.function : {}),
    type: "function",
  }))
  const input = objectsOf(body.messages).flatMap(itemsOf)
  return { model: stringOf(body.model), input: tools.length === 0 ? sideRequest(input) : input, tools }
}

function itemsOf(message: JsonObject): JsonObject[] {
  const role = stringOf(message.role)
  if (role === "tool") {
    const output = typeof message.content === "string" ? message.content : textOf(message.content)
    return [{ type: "function_call_output", call_id: message.tool_call_id, output }]
  }
  const content = partsOf(message.content, role)
  const calls = objectsOf(message.tool_calls).map((call) => {
    const fields = isObject(call.function) ? call.function : {}
    return { type: "function_call", call_id: call.id, name: fields.name, arguments: fields.arguments }
  })
  return content.length === 0 ? calls : [{ type: "message", role, content }, ...calls]
}

function partsOf(content: unknown, role: string): JsonObject[] {
  const type = role === "assistant" ? "output_text" : "input_text"
  if (typeof content === "string") return content === "" ? [] : [{ type, text: withoutClock(content) }]
  return objectsOf(content).map((part) => {
    const image = isObject(part.image_url) ? part.image_url : {}
    return part.type === "image_url"
      ? { type: "input_image", image_url: image.url }
      : { type, text: withoutClock(stringOf(part.text)) }
  })
}

/** copilot writes the time before what the user says. */
function withoutClock(text: string): string {
  return text.replace(/^<current_datetime>[^<]*<\/current_datetime>\s*/, "")
}

function textOf(content: unknown): string {
  return objectsOf(content)
    .map((part) => stringOf(part.text))
    .join("\n")
}
