import { sideRequest } from "../side-request.ts"
import type { JsonObject, ResponsesBody } from "../wire.ts"
import { isObject, objectsOf, stringOf } from "../wire.ts"

/** A request of the Gemini API in the form of the Responses API. */
export function geminiBodyOf(body: JsonObject): ResponsesBody {
  const tools = objectsOf(body.tools).flatMap((tool) =>
    objectsOf(tool.functionDeclarations).map((declared) => ({ ...declared, type: "function" })),
  )
  const input = withCallIds(objectsOf(body.contents).flatMap(itemsOf))
  const system = isObject(body.systemInstruction) ? objectsOf(body.systemInstruction.parts) : []
  return {
    model: "gemini",
    instructions: system.map((part) => stringOf(part.text)).join("\n\n"),
    input: tools.length === 0 ? sideRequest(input) : input,
    tools,
  }
}

function itemsOf(content: JsonObject): JsonObject[] {
  const role = content.role === "model" ? "assistant" : "user"
  const items: JsonObject[] = []
  let parts: JsonObject[] | null = null
  const add = (part: JsonObject) => {
    if (parts === null) {
      parts = []
      items.push({ type: "message", role, content: parts })
    }
    parts.push(part)
  }
  for (const part of objectsOf(content.parts)) {
    if (isObject(part.functionCall)) {
      const { id, name, args } = part.functionCall
      items.push({ type: "function_call", call_id: id, name, arguments: JSON.stringify(args ?? {}) })
    } else if (isObject(part.functionResponse)) {
      const { id, name, response } = part.functionResponse
      const output = isObject(response) ? stringOf(response.output ?? response.error) : ""
      items.push({ type: "function_call_output", call_id: id, name, output })
    } else if (isObject(part.inlineData)) {
      const { mimeType, data } = part.inlineData
      add({ type: "input_image", image_url: `data:${stringOf(mimeType)};base64,${stringOf(data)}` })
    } else if (part.thought !== true) {
      add({ type: role === "user" ? "input_text" : "output_text", text: stringOf(part.text) })
    }
  }
  return items
}

/** Calls and their outputs that came without ids belong together in their order. */
function withCallIds(items: readonly JsonObject[]): readonly JsonObject[] {
  let calls = 0
  let outputs = 0
  return items.map((item) => {
    if (item.type === "function_call") return { ...item, call_id: item.call_id ?? `call_${calls++}` }
    if (item.type === "function_call_output") return { ...item, call_id: item.call_id ?? `call_${outputs++}` }
    return item
  })
}
