import type { JsonObject, RecordedRequest } from "./wire.ts"
import { objectsOf, stringOf } from "./wire.ts"

/** What these readers need of a request: its body. */
export type Readable = Pick<RecordedRequest, "body">

export interface ConversationMessage {
  readonly role: "user" | "assistant"
  readonly text: string
}

export interface ToolOutput {
  readonly callId: string
  /** Name of the call it belongs to; empty when the call is not in the request. */
  readonly name: string
  /** The texts of the output, joined by a line feed. */
  readonly text: string
}

export interface RequestImage {
  readonly mediaType: string
  readonly bytes: number
  readonly url: string
}

/** How codex and claude start the user messages that they write by themselves. */
const contextStarts = [
  "<environment_context>",
  "<user_instructions>",
  "<turn_aborted>",
  "<skill>",
  "<user_shell_command>",
  "<subagent_notification>",
  "<model_switch>",
  "# AGENTS.md instructions",
  "<system-reminder>",
  "<session_context>",
  "[Request interrupted by user",
  "[structured-output-enforce]",
] as const

/** True for a text that the CLI, not a person, put into a user message (cwd, AGENTS.md, an abort note). */
function isContextText(text: string): boolean {
  const start = text.trimStart()
  return contextStarts.some((prefix) => start.startsWith(prefix))
}

/** True for a message of the user that a person would recognise as theirs. */
export function isPersonsMessage(item: JsonObject): boolean {
  return item.role === "user" && isMessage(item) && partsOfPerson(item).length > 0
}

/** Text of a message without what codex added to it. */
export function messageText(item: JsonObject): string {
  if (typeof item.content === "string") return item.content
  return partsOfPerson(item)
    .map((part) => stringOf(part.text))
    .join("")
}

/** The user's and the assistant's messages in order, without developer messages and without codex's own context. */
export function conversationOf(request: Readable): readonly ConversationMessage[] {
  const messages: ConversationMessage[] = []
  for (const item of request.body.input) {
    if (!isMessage(item)) continue
    if (isPersonsMessage(item)) messages.push({ role: "user", text: messageText(item) })
    else if (item.role === "assistant") messages.push({ role: "assistant", text: messageText(item) })
  }
  return messages
}

/** What the user said, oldest first. */
export function userTextsOf(request: Readable): readonly string[] {
  return conversationOf(request)
    .filter((message) => message.role === "user")
    .map((message) => message.text)
}

/** Everything that tools gave back, in the order of the request. */
export function toolOutputsOf(request: Readable): readonly ToolOutput[] {
  const names = new Map<string, string>()
  const outputs: ToolOutput[] = []
  for (const item of request.body.input) {
    const type = stringOf(item.type)
    const callId = stringOf(item.call_id)
    if (type.endsWith("_call")) names.set(callId, stringOf(item.name) || type.replace(/_call$/, ""))
    else if (type.endsWith("_call_output"))
      outputs.push({ callId, name: names.get(callId) ?? "", text: outputText(item.output) })
  }
  return outputs
}

/** Every image of the request: in user messages first to last, then nothing else (tool outputs are not looked at). */
export function imagesOf(request: Readable): readonly RequestImage[] {
  return request.body.input.filter(isMessage).flatMap((item) => imagesOfMessage(item))
}

/** The images of one message. */
export function imagesOfMessage(item: JsonObject): readonly RequestImage[] {
  return objectsOf(item.content)
    .filter((part) => part.type === "input_image")
    .map((part) => describeImage(stringOf(part.image_url)))
}

/** All developer and system text, `instructions` first, one blank line between two parts. */
export function developerTextOf(request: Readable): string {
  const parts = request.body.input
    .filter((item) => isMessage(item) && (item.role === "developer" || item.role === "system"))
    .flatMap((item) => objectsOf(item.content).map((part) => stringOf(part.text)))
  return [stringOf(request.body.instructions), ...parts].filter((text) => text !== "").join("\n\n")
}

/** Text of a tool output in either form: a string, or a list of parts. */
export function outputText(output: unknown): string {
  if (typeof output === "string") return output
  return objectsOf(output)
    .map((part) => stringOf(part.text))
    .filter((text) => text !== "")
    .join("\n")
}

function isMessage(item: JsonObject): boolean {
  return item.type === "message" || (item.type === undefined && typeof item.role === "string")
}

/** Parts that are the person's: not codex's context, and not the `<image>` marks that codex puts around an image. */
function partsOfPerson(item: JsonObject): readonly JsonObject[] {
  if (typeof item.content === "string")
    return isContextText(item.content) ? [] : [{ type: "input_text", text: item.content }]
  const parts = objectsOf(item.content)
  if (item.role !== "user") return parts
  return parts.filter((part) => {
    const text = stringOf(part.text)
    return !isContextText(text) && !/^<\/?image[^>]*>$/.test(text.trim())
  })
}

function describeImage(url: string): RequestImage {
  const match = /^data:([^;,]+);base64,(.*)$/s.exec(url)
  if (match === null) return { mediaType: "unknown", bytes: 0, url }
  return { mediaType: match[1] ?? "unknown", bytes: Buffer.from(match[2] ?? "", "base64").length, url }
}
