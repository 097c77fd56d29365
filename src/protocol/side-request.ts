import type { ClientItem } from "../domain/input-reference.ts"
import type { FunctionChoice } from "../domain/turn-request.ts"

/** A text that begins so, has these parts in this order, and ends so. */
interface Shape {
  readonly begins: readonly string[]
  readonly has: readonly string[]
  readonly ends: string
}

/**
 * What chat front ends send beside a chat, by their default templates. Matched from end to end, and only where nothing else
 * is in the request: somebody who quotes such a text, asks about it or has it earlier in a chat is not meant.
 */
const shapes: readonly Shape[] = [
  // Open WebUI: title, tags, follow-ups, search queries, image prompt
  ...["title", "tags", "follow_ups", "queries", "prompt"].map((key) => ({
    begins: ["Generate ", "Suggest ", "Analyze ", "Create "].map((verb) => `### Task:\n${verb}`),
    has: ["\n### Output:\n", `"${key}"`, "\n### Chat History:\n<chat_history>\n"],
    ends: "</chat_history>",
  })),
  // Open WebUI: autocomplete
  {
    begins: ["### Task:\nYou are an autocompletion system. Continue the text in `<text>`"],
    has: ["<chat_history>\n", "</chat_history>\n<type>"],
    ends: "#### Output:",
  },
  // Open WebUI: emoji of a voice call
  {
    begins: ["Your task is to reflect the speaker's likely facial expression through a fitting emoji."],
    has: ['\n\nMessage: """'],
    ends: '"""',
  },
  // LibreChat: title by completion, and with a structured answer
  {
    begins: [
      "Provide a concise, 5-word-or-less title for the conversation, using title case conventions. Only return the title itself.",
    ],
    has: ["\n\nConversation:\nUser: ", "\nAI: "],
    ends: "",
  },
  {
    begins: [
      "Analyze this conversation and provide:\n1. The detected language of the conversation\n2. A concise title",
    ],
    has: ["(5 words or less, no punctuation or quotation)\n\nUser: ", "\nAI: "],
    ends: "",
  },
  // LibreChat: title of an assistant's thread
  {
    begins: [
      "Please generate a concise title (max 40 characters) for a conversation that starts with:\nUser: ",
    ],
    has: ["\nAssistant: "],
    ends: "\n\nTitle:",
  },
]

/** True for a request that is nothing but the message of a front end's own template, without functions to call. */
export function isSideRequest(
  input: readonly ClientItem[],
  functions: { readonly tools: readonly unknown[]; readonly functionChoice: FunctionChoice },
): boolean {
  const [message, ...others] = input
  if (message?.type !== "message" || message.role !== "user" || others.length > 0) return false
  // A front end that wants the title as a function call demands the call.
  if (functions.tools.length > 0 && !functions.functionChoice.isRequired) return false
  const [part, ...more] = message.content
  if (part?.type !== "text" || more.length > 0) return false
  const text = part.text.replaceAll("\r\n", "\n").trim()
  return shapes.some((shape) => hasShape(text, shape))
}

function hasShape(text: string, { begins, has, ends }: Shape): boolean {
  if (!begins.some((beginning) => text.startsWith(beginning)) || !text.endsWith(ends)) return false
  let position = 0
  for (const part of has) {
    const found = text.indexOf(part, position)
    if (found < 0) return false
    position = found + part.length
  }
  return position <= text.length - ends.length
}

/**
 * The tasks of Open WebUI (`TASKS` in its `constants.py`). Any other word is no task: front ends leave placeholders in, write
 * that there is none, or name what is a chat after all, which must not lose its thread.
 */
const tasks = new Set([
  "title_generation",
  "follow_up_generation",
  "tags_generation",
  "emoji_generation",
  "query_generation",
  "image_prompt_generation",
  "autocomplete_generation",
  "function_calling",
  "moa_response_generation",
])

/** True for a value of `X-OpenWebUI-Task` that names a task of Open WebUI. */
export function namesTask(header: string | undefined): boolean {
  return header !== undefined && tasks.has(header.trim().toLowerCase())
}
