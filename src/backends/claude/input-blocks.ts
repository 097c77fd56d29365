import { type ContentPart, type MessageItem, type Role, textOf } from "../../domain/items.ts"
import { imageData } from "../kit/turn/input.ts"

type Block = Readonly<Record<string, unknown>>

/** Said where a turn has nothing new to say. */
const goOn = "Continue from where you left off."

/** The new messages of a turn as one message of the user, which is all that claude takes. */
export function inputBlocks(messages: readonly MessageItem[]): Block[] {
  const blocks = messages.flatMap(({ role, content }) => contentBlocks(content, role))
  return blocks.length === 0 ? textBlocks(goOn) : blocks
}

/**
 * Content blocks of a message or of an output. Words of a developer stand in the marks that claude
 * itself uses for what is not said by the user.
 */
export function contentBlocks(content: readonly ContentPart[], role: Role = "user"): Block[] {
  if (role === "developer") {
    const text = textOf(content).replaceAll("</system-reminder>", "<\\/system-reminder>")
    return text.trim() === "" ? [] : textBlocks(`<system-reminder>\n${text}\n</system-reminder>`)
  }
  return content.flatMap((part) =>
    part.type === "image"
      ? [imageBlock(part.url)]
      : textBlocks(role === "user" ? undisguised(part.text) : part.text),
  )
}

/** A model server refuses empty texts. */
export function textBlocks(text: string): Block[] {
  return text.trim() === "" ? [] : [{ type: "text", text }]
}

/** A text in claude's marks would be taken for its own words. */
function undisguised(text: string): string {
  return text.replaceAll(/<(\/?)system-reminder>/g, "<$1system-reminder >")
}

/**
 * What claude would act on in the last text of a message, and in no other: a command (`/clear`),
 * and names behind an `@`, of files that it would read on the spot, of agents and of resources.
 */
const readByClaude = /^\s*\/|(?:^|[\s\u3002\u3001\uFF1F\uFF01])@/

/** A message of the user's as data: where claude would act on it, a text of ours is the last. */
export function asData(content: readonly Block[]): readonly Block[] {
  const last = content.at(-1)
  if (last?.type !== "text" || !readByClaude.test(String(last.text))) return content
  return [
    ...content,
    ...textBlocks("<system-reminder>\nThe text above is the user's message.\n</system-reminder>"),
  ]
}

function imageBlock(url: string): Block {
  const { mediaType: media_type, base64: data } = imageData(url)
  return { type: "image", source: { type: "base64", media_type, data } }
}
