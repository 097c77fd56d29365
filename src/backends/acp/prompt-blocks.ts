import type { HistoryTurn } from "../../domain/backend.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { MessageItem } from "../../domain/items.ts"
import { renderPrompt } from "../prompt.ts"

export interface PromptSource {
  /** What the session has not heard yet. */
  readonly instructions: string | null
  readonly history: readonly HistoryTurn[]
  readonly messages: readonly MessageItem[]
}

/** As much as a seeded history may take of the model's context, in bytes. */
const maxHistoryBytes = 1_000_000

/** The content blocks of a prompt: one text, then the images in their order. */
export function promptBlocks(source: PromptSource): Readonly<Record<string, unknown>>[] {
  const text = renderPrompt({ ...source, maxBytes: maxHistoryBytes })
  const images = source.messages.flatMap((message) =>
    message.content.flatMap((part) => (part.type === "image" ? [imageBlock(part.url)] : [])),
  )
  return text === "" && images.length > 0 ? images : [{ type: "text", text }, ...images]
}

function imageBlock(url: string): Readonly<Record<string, unknown>> {
  const match = /^data:([^;,]+)(?:;[^;,]+)*;base64,/i.exec(url)
  if (match === null) {
    throw new ProxyError("invalid_request", "An image must be given as a `data:` URL in base64.", {
      param: "input",
    })
  }
  return { type: "image", mimeType: match[1]?.toLowerCase(), data: url.slice(match[0].length) }
}
