import type { HistoryTurn } from "../../domain/backend.ts"
import type { MessageItem } from "../../domain/items.ts"
import { renderPrompt } from "../kit/turn/prompt.ts"
import { imageData } from "../kit/turn/unserved.ts"

export interface PromptSource {
  /** What the session has not heard yet. */
  readonly instructions: string | null
  readonly history: readonly HistoryTurn[]
  readonly messages: readonly MessageItem[]
}

/** As much as a seeded history may take of the model's context, in bytes. */
const maxHistoryBytes = 1_000_000

type Block = Readonly<Record<string, unknown>>

/**
 * Stands before a text that the program would take for a command of its own: those look at the beginning of a prompt only. It is
 * marked as not being for the model, which opencode minds; to other programs it is a part of the prompt.
 */
const frame: Block = {
  type: "text",
  text: "The user's message:\n\n",
  annotations: { audience: ["user"] },
}

/** How commands begin, blanks before them left out: by the protocol with a slash, gemini has `$` and qwen `?` as well. */
const commandStart = /^\s*[/$?]/

/** The content blocks of a prompt: one text, then the images in their order. */
export function promptBlocks(source: PromptSource): Block[] {
  const text = renderPrompt({ ...source, maxBytes: maxHistoryBytes })
  const images = source.messages.flatMap((message) =>
    message.content.flatMap((part) => (part.type === "image" ? [imageBlock(part.url)] : [])),
  )
  if (text === "" && images.length > 0) return images
  return [...(commandStart.test(text) ? [frame] : []), { type: "text", text }, ...images]
}

function imageBlock(url: string): Block {
  const { mediaType: mimeType, base64: data } = imageData(url)
  return { type: "image", mimeType, data }
}
