import type { JsonObject, ResponsesBody } from "../wire.ts"
import { objectsOf, stringOf } from "../wire.ts"

/**
 * A request of the Messages API in the form of the Responses API. Each text block is a message of its own, because claude
 * joins messages of the user that follow each other into one; an image belongs to the text before it.
 */
export function messagesBodyOf(body: JsonObject): ResponsesBody {
  const metadata = objectsOf([body.metadata])[0]
  return {
    model: stringOf(body.model),
    instructions: textOf(body.system),
    input: objectsOf(body.messages).flatMap((message) => itemsOf(stringOf(message.role), message.content)),
    tools: objectsOf(body.tools).map((tool) => ({ ...tool, type: "function" })),
    // Tells the sessions apart.
    prompt_cache_key: stringOf(metadata?.user_id),
  }
}

function itemsOf(role: string, content: unknown): JsonObject[] {
  const blocks = typeof content === "string" ? [{ type: "text", text: content }] : objectsOf(content)
  const items: JsonObject[] = []
  let parts: JsonObject[] | null = null
  const add = (part: JsonObject, isNew: boolean) => {
    if (parts === null || isNew) {
      parts = []
      items.push({ type: "message", role, content: parts })
    }
    parts.push(part)
  }
  for (const [index, block] of blocks.entries()) {
    switch (block.type) {
      case "text": {
        // claude ends each message that it joins with another one by a line feed.
        const text = stringOf(block.text)
        const own = index < blocks.length - 1 && role === "user" ? text.replace(/\n$/, "") : text
        add({ type: role === "assistant" ? "output_text" : "input_text", text: own }, true)
        break
      }
      case "image":
        add({ type: "input_image", image_url: dataUrlOf(objectsOf([block.source])[0] ?? {}) }, false)
        break
      case "tool_use":
        items.push({
          type: "function_call",
          call_id: block.id,
          name: block.name,
          arguments: JSON.stringify(block.input),
        })
        break
      case "tool_result":
        items.push({ type: "function_call_output", call_id: block.tool_use_id, output: block.content })
    }
  }
  return items
}

function dataUrlOf(source: JsonObject): string {
  return `data:${stringOf(source.media_type)};base64,${stringOf(source.data)}`
}

function textOf(system: unknown): string {
  if (typeof system === "string") return system
  return objectsOf(system)
    .map((block) => stringOf(block.text))
    .join("\n\n")
}
