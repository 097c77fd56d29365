import { type ClientItem, type InputReference, partsOf } from "../../domain/input-reference.ts"
import type { ContentPart } from "../../domain/items.ts"
import type { ClientRequest } from "../../domain/turn-request.ts"

/**
 * Agent CLIs count no tokens before a turn, and their models' tokenizers are not ours to know. So
 * this is an estimate: four bytes of UTF-8 a token, which is about right for English and for code,
 * and within a third for most other languages.
 */
const bytesPerToken = 4
/** What the form of a message costs besides its text. */
const tokensPerItem = 4
/** Images: what current models ask for a picture of ordinary size, and for one of low detail. */
const tokensPerImage = 765
const tokensPerSmallImage = 85
/** A file is saved for the agent, which gets its path. */
const tokensPerFile = 40

/** Of a request with the items that go before it. */
export function estimateInputTokens(
  request: Pick<ClientRequest, "instructions" | "input" | "tools" | "outputSchema">,
  past: readonly ClientItem[],
): number {
  const { instructions, input, tools, outputSchema } = request
  let tokens = instructions === null ? 0 : tokensPerItem + ofText(instructions)
  for (const item of [...past, ...input]) tokens += ofItem(item)
  for (const tool of tools) tokens += ofText(JSON.stringify(tool))
  return outputSchema === null ? tokens : tokens + ofText(JSON.stringify(outputSchema))
}

function ofItem(item: ClientItem): number {
  const parts = partsOf(item).reduce((sum, part) => sum + ofPart(part), tokensPerItem)
  switch (item.type) {
    case "message":
    case "function_call_output":
      return parts
    case "reasoning":
      return parts + item.summary.reduce((sum, text) => sum + ofText(text), 0)
    case "function_call":
      return parts + ofText(item.name) + ofText(item.arguments)
    case "command":
      return parts + ofText(item.command) + ofText(item.output)
    case "file_change":
      return parts + item.changes.reduce((sum, { path, diff }) => sum + ofText(path) + ofText(diff), 0)
    case "tool_call":
      return parts + ofText(item.tool) + ofText(item.arguments) + ofText(item.output ?? item.error ?? "")
    case "web_search":
      return parts + ofText(item.query)
  }
}

function ofPart(part: ContentPart | InputReference): number {
  if (part.type === "text") return ofText(part.text)
  const isFile = part.type === "reference" && part.as === "file"
  if (isFile) return tokensPerFile
  return part.detail === "low" ? tokensPerSmallImage : tokensPerImage
}

function ofText(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken)
}
