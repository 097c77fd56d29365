import type { ContentPart } from "../domain/items.ts"
import type { Fields } from "./json-rpc.ts"

/** What a call gave, in MCP's form. `isError` is for the model to read, unlike an error of the request. */
export function callResult(output: readonly ContentPart[], isError: boolean): Fields {
  return { content: output.map(contentOf), isError }
}

export function refusedCall(text: string): Fields {
  return callResult([{ type: "text", text }], true)
}

function contentOf(part: ContentPart): Fields {
  if (part.type === "text") return { type: "text", text: part.text }
  const match = /^data:([^;,]+);base64,(.*)$/s.exec(part.url)
  // Images of clients are base64 by then; whatever else there is, the model may make something of it.
  if (match === null) return { type: "text", text: part.url }
  return { type: "image", data: match[2] ?? "", mimeType: match[1] ?? "" }
}
