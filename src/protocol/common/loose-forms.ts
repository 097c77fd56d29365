import { refuseContentBeside } from "./content.ts"
import { imageDetails, readImage } from "./media.ts"
import { isObject, unknownValue, type WireObject, wrongField } from "./shape.ts"

/*
 * Bodies whose meaning is plain although OpenAI has another form for it, brought into that form
 * before anything is checked. Whatever is not understood stays as it is, so that the endpoint's own
 * parser names it; a body that needs nothing is the very same object. Entries keep their places,
 * for errors name those, but for a list of nothing but texts, which is one message, and behind a
 * text of a content that has its picture with it. All of these throw `invalid_request` for an
 * object that says more than its text and a picture.
 */

const textTypes: readonly unknown[] = [undefined, null, "text", "input_text", "output_text"]
const messageRoles = ["user", "assistant", "system", "developer"]
const toolRoles = ["tool", "function"]

/** Longest name of a role. */
const maxRole = 64

/** A picture as a part of a content: each API has a form of its own. */
type PicturePart = (url: string, detail: string | null) => WireObject

const responsesPicture: PicturePart = (url, detail) => ({
  type: "input_image",
  image_url: url,
  ...(detail !== null && { detail }),
})
const chatPicture: PicturePart = (url, detail) => ({
  type: "image_url",
  image_url: { url, ...(detail !== null && { detail }) },
})

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
  return withFields(body, { items: (items) => looseItems(listOf(items), "items"), metadata: textValues })
}

/** What replaces the metadata of a conversation, or of a stored chat completion. */
export function looseMetadata(body: unknown): unknown {
  return withFields(body, { metadata: textValues })
}

function looseInput(input: unknown): unknown {
  const said = saidIn(input, "input", responsesPicture)
  if (said !== null) return typeof said === "string" ? said : [userMessage(said)]
  const all = Array.isArray(input)
    ? input.map((entry, index) =>
        textIn(entry) === null ? null : saidIn(entry, `input[${index}]`, responsesPicture),
      )
    : []
  if (all.length === 0 || all.includes(null)) return looseItems(listOf(input), "input")
  if (all.every((each) => typeof each === "string")) return all.join("\n\n")
  return [userMessage(all.flatMap((each) => (typeof each === "string" ? [textPart(each)] : (each ?? []))))]
}

/** One message is a list of it. */
function listOf(value: unknown): unknown {
  return isObject(value) && "content" in value ? [value] : value
}

function looseItems(items: unknown, path: string): unknown {
  return mapped(items, path, (item, at) => {
    const said = saidIn(item, at, responsesPicture)
    if (said !== null) return userMessage(said)
    if (!isObject(item) || !isOneOf([undefined, null, "message"], item.type)) return item
    return looseMessage(item, at, responsesForm)
  })
}

function looseMessages(messages: unknown): unknown {
  return mapped(listOf(messages), "messages", (message, at) => {
    const said = saidIn(message, at, chatPicture)
    if (said !== null) return { role: "user", content: said }
    return isObject(message) ? looseMessage(message, at, chatForm) : message
  })
}

/** One name for text: chat completions have no other. */
function chatPart(part: unknown): unknown {
  return isObject(part) && typeof part.text === "string" && isOneOf(["input_text", "output_text"], part.type)
    ? { ...part, type: "text" }
    : part
}

interface MessageForm {
  readonly known: readonly string[]
  readonly foreign: readonly string[]
  readonly picture: PicturePart
  readonly partOf: (part: unknown) => unknown
}

const responsesForm: MessageForm = {
  known: messageRoles,
  // In this API what a tool has answered is no message.
  foreign: toolRoles,
  picture: responsesPicture,
  partOf: (part) => part,
}
const chatForm: MessageForm = {
  known: [...messageRoles, ...toolRoles],
  foreign: [],
  picture: chatPicture,
  partOf: chatPart,
}

function looseMessage(message: WireObject, path: string, form: MessageForm): WireObject {
  const said = withContent(message, path, form)
  const { role, content } = said
  if (content === undefined || content === null || isOneOf([...form.known, ...form.foreign], role))
    return said
  if (role === undefined || role === null) return { ...said, role: "user" }
  if (typeof role !== "string") return said
  const word = role.trim()
  if (form.known.includes(word.toLowerCase())) return { ...said, role: word.toLowerCase() }
  const isName = word !== "" && word.length <= maxRole && !/\p{C}|\p{Zl}|\p{Zp}/u.test(word)
  return isName ? { ...said, role: "user", content: saidBy(word, content) } : said
}

/** What else says something beside the content is named by the endpoint's parser. */
function withContent(message: WireObject, path: string, form: MessageForm): WireObject {
  const content = looseContent(message.content, path, form)
  const isUsers = !isOneOf(["assistant", "system", "developer", ...toolRoles], message.role)
  const picture = isUsers && typeof content === "string" ? pictureIn(message, path, form.picture) : null
  if (picture === null) return content === message.content ? message : { ...message, content }
  const { image_url, detail, ...rest } = message
  return { ...rest, content: [textPart(String(content)), picture] }
}

function looseContent(content: unknown, path: string, { picture, partOf }: MessageForm): unknown {
  const said = saidIn(content, `${path}.content`, picture)
  if (said !== null) return said
  if (!Array.isArray(content)) return content
  const parts = content.flatMap((part: unknown, index): unknown[] => {
    const inner = saidIn(part, `${path}.content[${index}]`, picture)
    if (inner !== null && typeof inner !== "string") return [...inner]
    const isUntyped = typeof part === "string" || (isObject(part) && (part.type ?? null) === null)
    return isUntyped && inner !== null ? [textPart(inner)] : [partOf(part)]
  })
  return isSameList(parts, content) ? content : parts
}

function textPart(text: string): WireObject {
  return { type: "text", text }
}

function userMessage(content: string | readonly WireObject[]): WireObject {
  return { type: "message", role: "user", content }
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

/** A text; with a picture beside it the parts that they are. Null: it is neither, or a message. */
function saidIn(value: unknown, path: string, picture: PicturePart): string | readonly WireObject[] | null {
  const text = textIn(value)
  if (text === null || !isObject(value)) return text
  const shown = pictureIn(value, path, picture)
  if (shown === null) {
    refuseContentBeside(value, path, "text")
    return text
  }
  const { image_url, ...rest } = value
  refuseContentBeside(rest, path, "text")
  return [textPart(text), shown]
}

/** Null: it is no text, or a message. */
function textIn(value: unknown): string | null {
  if (typeof value === "string") return value
  if (!isObject(value) || typeof value.text !== "string" || !isOneOf(textTypes, value.type)) return null
  return (value.role ?? value.content ?? null) === null ? value.text : null
}

/** `image_url` beside a text: an address, or an object with it. Null: there is none. */
function pictureIn(value: WireObject, path: string, picture: PicturePart): WireObject | null {
  const { image_url: given } = value
  if ((given ?? "") === "") return null
  const { url, detail } = isObject(given) ? given : { url: given, detail: value.detail }
  const at = `${path}.image_url`
  if (typeof url !== "string") {
    throw wrongField(at, "must be the address of a picture, or an object with it as 'url'.")
  }
  const kind = imageDetails.find((each) => each === detail) ?? null
  if (kind === null && (detail ?? null) !== null) throw unknownValue(`${path}.detail`, imageDetails, detail)
  // Its own parser would name another place.
  readImage(url, kind, at)
  return picture(url, kind)
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

function mapped(list: unknown, path: string, change: (entry: unknown, path: string) => unknown): unknown {
  if (!Array.isArray(list)) return list
  const changed = list.map((entry, index) => change(entry, `${path}[${index}]`))
  return isSameList(changed, list) ? list : changed
}

function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((entry, index) => entry === other[index])
}

function isOneOf(values: readonly unknown[], value: unknown): boolean {
  return values.includes(value)
}
