import { isObject } from "./shape.ts"

/*
 * Bodies whose meaning is plain although OpenAI has another form for it, brought into that form before anything is checked. Whatever is
 * not understood stays as it is, so that the endpoint's own parser names it; a body that needs nothing is the very same object.
 * Entries keep their places, for errors name those, but for a list of nothing but texts, which is one message.
 */

type Wire = Readonly<Record<string, unknown>>

const textTypes: readonly unknown[] = [undefined, null, "text", "input_text", "output_text"]
const messageRoles = ["user", "assistant", "system", "developer"]
const toolRoles = ["tool", "function"]

/** Longest name of a role. */
const maxRole = 64

/** `POST /v1/responses`, and all that shares its `input`. */
export function looseResponses(body: unknown): unknown {
  return withFields(body, { input: looseInput, metadata: textValues })
}

/** `POST /v1/chat/completions` */
export function looseChat(body: unknown): unknown {
  return withFields(body, { messages: looseMessages, metadata: textValues })
}

/** A new conversation, and new items of one. */
export function looseConversation(body: unknown): unknown {
  return withFields(body, { items: (items) => looseItems(listOf(items)), metadata: textValues })
}

/** What replaces the metadata of a conversation, or of a stored chat completion. */
export function looseMetadata(body: unknown): unknown {
  return withFields(body, { metadata: textValues })
}

function looseInput(input: unknown): unknown {
  const text = textIn(input)
  if (text !== null) return text
  const texts = Array.isArray(input) && input.length > 0 ? input.map(textIn) : [null]
  return texts.includes(null) ? looseItems(listOf(input)) : texts.join("\n\n")
}

/** One message is a list of it. */
function listOf(value: unknown): unknown {
  return isObject(value) && "content" in value ? [value] : value
}

function looseItems(items: unknown): unknown {
  return mapped(items, (item) => {
    const text = textIn(item)
    if (text !== null) return { type: "message", role: "user", content: text }
    if (!isObject(item) || !isOneOf([undefined, null, "message"], item.type)) return item
    // In this API what a tool has answered is no message.
    return looseMessage(item, messageRoles, toolRoles, (part) => part)
  })
}

function looseMessages(messages: unknown): unknown {
  return mapped(listOf(messages), (message) => {
    const text = textIn(message)
    if (text !== null) return { role: "user", content: text }
    return isObject(message) ? looseMessage(message, [...messageRoles, ...toolRoles], [], chatPart) : message
  })
}

/** One name for text: chat completions have no other. */
function chatPart(part: unknown): unknown {
  const text = textIn(part)
  return text === null || (isObject(part) && part.type === "text") ? part : { type: "text", text }
}

function looseMessage(
  message: Wire,
  known: readonly string[],
  foreign: readonly string[],
  partOf: (part: unknown) => unknown,
): Wire {
  const content = looseContent(message.content, partOf)
  const said: Wire = content === message.content ? message : { ...message, content }
  const { role } = said
  if (content === undefined || content === null || isOneOf([...known, ...foreign], role)) return said
  if (role === undefined || role === null) return { ...said, role: "user" }
  if (typeof role !== "string") return said
  const word = role.trim()
  if (known.includes(word.toLowerCase())) return { ...said, role: word.toLowerCase() }
  const isName = word !== "" && word.length <= maxRole && !/\p{C}|\p{Zl}|\p{Zp}/u.test(word)
  return isName ? { ...said, role: "user", content: saidBy(word, content) } : said
}

function looseContent(content: unknown, partOf: (part: unknown) => unknown): unknown {
  const text = textIn(content)
  if (text !== null) return text
  return mapped(content, (part) => {
    const isUntyped = typeof part === "string" || (isObject(part) && (part.type ?? null) === null)
    const inner = textIn(part)
    return isUntyped && inner !== null ? { type: "text", text: inner } : partOf(part)
  })
}

/** Nobody has such a role here: the agent is told who speaks. */
function saidBy(role: string, content: unknown): unknown {
  const words = `${role}: `
  if (typeof content === "string") return words + content
  if (!Array.isArray(content)) return content
  const [first, ...rest]: readonly unknown[] = content
  const text = textIn(first)
  if (text === null || !isObject(first)) return [{ type: "text", text: words }, ...content]
  return [{ ...first, text: words + text }, ...rest]
}

/** Null: it is no text, or more than that. */
function textIn(value: unknown): string | null {
  if (typeof value === "string") return value
  if (!isObject(value) || typeof value.text !== "string" || !isOneOf(textTypes, value.type)) return null
  return "role" in value || "content" in value ? null : value.text
}

/** Bridges put more than texts into `metadata`; the API has texts only. */
function textValues(metadata: unknown): unknown {
  if (!isObject(metadata) || Object.values(metadata).every((value) => typeof value === "string"))
    return metadata
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  )
}

function withFields(body: unknown, fields: Readonly<Record<string, (value: unknown) => unknown>>): unknown {
  if (!isObject(body)) return body
  const changed = Object.entries(fields)
    .filter(([name]) => Object.hasOwn(body, name))
    .map(([name, read]) => [name, read(body[name])] as const)
    .filter(([name, value]) => value !== body[name])
  return changed.length === 0 ? body : { ...body, ...Object.fromEntries(changed) }
}

function mapped(list: unknown, change: (entry: unknown) => unknown): unknown {
  if (!Array.isArray(list)) return list
  const changed = list.map(change)
  return changed.every((entry, index) => entry === list[index]) ? list : changed
}

function isOneOf(values: readonly unknown[], value: unknown): boolean {
  return values.includes(value)
}
