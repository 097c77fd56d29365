import type { Capabilities } from "../../../domain/agents.ts"
import type { HistoryTurn, TurnInput } from "../../../domain/backend.ts"
import { ProxyError } from "../../../domain/errors.ts"
import { type ContentPart, type Item, type MessageItem, textOf } from "../../../domain/items.ts"

export interface PromptParts {
  /** Null where the program has them already. */
  readonly instructions: string | null
  /** What the program's session does not hold. */
  readonly history: readonly HistoryTurn[]
  /** The new messages. */
  readonly messages: readonly MessageItem[]
  /** Of the prompt, in UTF-8: the oldest turns are left out until it fits. */
  readonly maxBytes: number
}

/** How a program gets its prompt. */
export interface CommandLine {
  readonly args: readonly string[]
  /** Null: it is closed from the start. */
  readonly stdin: string | null
}

/**
 * A prompt above this goes by stdin. Linux takes 128 KiB for one argument; the rest is for the
 * surroundings, and a round number that can be documented.
 */
export const maxArgumentBytes = 100_000

/**
 * Longest prompt by stdin that is put together from a history. codex refuses more than 1,048,576
 * characters; what a user sends in one message is passed on whatever its length.
 */
export const maxStdinBytes = 1_000_000

/** Longest output of a command that is told again as history. */
const maxOutputLength = 4_000

const goOn = "Go on from there."

/**
 * The one text that an exec program gets. A message without history and instructions is passed on
 * as it is, to the last character. Otherwise they stand before it, in marks that a model reads
 * easily; `</message>` inside a text is defused, so that what somebody said is not taken for what
 * somebody else said.
 */
export function renderPrompt({ instructions, history, messages, maxBytes }: PromptParts): string {
  const message = newMessage(messages)
  const head =
    instructions === null || instructions.trim() === ""
      ? ""
      : `<instructions>\n${instructions.trim()}\n</instructions>\n\n`
  const turns = history
    .map((turn) => [...turn.input, ...turn.output].flatMap(told).join("\n"))
    .filter(Boolean)
  if (turns.length === 0) return head + (message === "" && head !== "" ? goOn : message)
  const tail = `</conversation>\n\nThe next message, to be answered now:\n\n${message === "" ? goOn : message}`
  const opening = `${head}<conversation>\n`
  const cutNote = "(Earlier messages are left out.)\n"
  let room = maxBytes - bytesOf(opening) - bytesOf(cutNote) - bytesOf(tail)
  const kept: string[] = []
  for (const turn of turns.toReversed()) {
    room -= bytesOf(turn) + 1
    if (room < 0) break
    kept.unshift(turn)
  }
  const note = kept.length < turns.length ? cutNote : ""
  return `${opening}${note}${kept.map((turn) => `${turn}\n`).join("")}${tail}`
}

export function bytesOf(text: string): number {
  return Buffer.byteLength(text, "utf8")
}

function newMessage(messages: readonly MessageItem[]): string {
  const isOnlyUser = messages.every((message) => message.role === "user")
  return messages
    .map((message) => {
      const text = textOf(message.content)
      return isOnlyUser || message.role === "user" ? text : marked(message.role, text)
    })
    .filter((text, index) => text !== "" || index === messages.length - 1)
    .join("\n\n")
}

function told(item: Item): string[] {
  switch (item.type) {
    case "message": {
      const text = toldContent(item.content)
      return text === "" ? [] : [marked(item.role, text)]
    }
    case "command": {
      const ending = item.exitCode === null ? "it did not end" : `exit code ${item.exitCode}`
      return [marked("tool", `$ ${item.command}\n${cut(item.output)}\n(${ending})`)]
    }
    case "file_change":
      return [marked("tool", item.changes.map(({ kind, path }) => `${kind} of the file ${path}`).join("\n"))]
    case "tool_call":
      return [
        marked(
          "tool",
          `${item.server}.${item.tool}(${item.arguments})\n${cut(item.error ?? item.output ?? "")}`,
        ),
      ]
    case "function_call":
      return [marked("tool", `call of ${item.name} (${item.callId}): ${item.arguments}`)]
    case "function_call_output":
      // Whole: the agent is to go on from it, and has no other way to it.
      return [marked("tool", `result of ${item.callId}: ${toldContent(item.output)}`)]
    case "web_search":
      return item.query === "" ? [] : [marked("tool", `search on the web: ${item.query}`)]
    case "reasoning":
      // What came of it is in the messages.
      return []
  }
}

function toldContent(content: readonly ContentPart[]): string {
  const images = content.filter((part) => part.type === "image").map(() => "[an image]")
  return [textOf(content), ...images].filter((part) => part !== "").join("\n")
}

function marked(role: string, text: string): string {
  return `<message role="${role}">\n${text.replace(/<\/(?=message|conversation)/g, "<\\/")}\n</message>`
}

function cut(text: string): string {
  if (text.length <= maxOutputLength) return text
  return `${text.slice(0, maxOutputLength)}\n(${text.length - maxOutputLength} more characters)`.toWellFormed()
}

/** What a program has no way to be told must not be left out in silence. Throws `ProxyError`. */
export function refuseUnserved(
  { messages, outputSchema }: TurnInput,
  serves: Pick<Capabilities, "acceptsImages" | "hasOutputSchema">,
  who = "This agent's program",
): void {
  const takesAll = serves.acceptsImages || imageUrls(messages).length === 0
  if (takesAll && (serves.hasOutputSchema || outputSchema === null)) return
  throw new ProxyError("invalid_request", `${who} takes no ${takesAll ? "schema of its answer" : "images"}.`)
}

/** In their order. */
export function imageUrls(messages: readonly MessageItem[]): readonly string[] {
  return messages.flatMap(({ content }) => content.flatMap((part) => (part.type === "image" ? part.url : [])))
}

/** An image as clients send it; its type in small letters. Throws `ProxyError`. */
export function imageData(url: string): { readonly mediaType: string; readonly base64: string } {
  const match = /^data:([^;,]+)(?:;[^;,]+)*;base64,/i.exec(url)
  if (match === null)
    throw new ProxyError("invalid_request", "An image must be given as a `data:` URL in base64.")
  return { mediaType: match[1]?.toLowerCase() ?? "", base64: url.slice(match[0].length) }
}
