import type { ClientItem } from "../domain/input-reference.ts"
import type { FunctionChoice, SideRequest } from "../domain/turn-request.ts"
import { quotedConversation, quotedDiff, quotedHistory } from "./quoted-text.ts"

/** What is looked at of a request, whichever endpoint it came by. */
export interface AskedBeside {
  readonly instructions: string | null
  readonly input: readonly ClientItem[]
  readonly functions: { readonly tools: readonly unknown[]; readonly functionChoice: FunctionChoice }
  readonly isStreamed: boolean
  /** Null: no limit. */
  readonly maxTokens: number | null
  /** A form of the answer is demanded: `json_schema`, `json_object`. */
  readonly hasOutputForm: boolean
  /** False where the client means to come back to the answer. */
  readonly mayBeGuessed: boolean
}

/** A request taken apart: what it says to do, and what it says it about. */
interface Asked {
  /** System and developer text. */
  readonly system: string
  /** The user's messages, oldest first; with `hasAnswers`, those of a conversation. */
  readonly texts: readonly string[]
  readonly last: string
  readonly hasAnswers: boolean
  /** People in a chat stream, and limit nothing. */
  readonly isFromProgram: boolean
  readonly maxTokens: number | null
}

/** What is written about a conversation for its list, its search, its next message or its past. */
const products: readonly (readonly [name: string, pattern: RegExp])[] = [
  [
    "title",
    /\b(?:titles?|names?)\b[^.\n]{0,90}\b(?:conversations?|chats?|threads?|sessions?|exchange|discussion)\b|\b(?:conversations?|chats?|threads?|sessions?)\b[^.\n]{0,30}\b(?:titles?|name)\b|\btitle generator\b|\banaly[sz]e this conversation\b[\s\S]{0,120}\btitle\b/i,
  ],
  ["tags", /\btags\b[^.\n]{0,90}\b(?:conversation|chat|discussion)\b/i],
  ["follow-ups", /\b(?:follow-?ups?|suggest\w*|predict\w*)\b[^.\n]{0,120}\b(?:user|conversation|chat)\b/i],
  ["queries", /\bquer(?:y|ies)\b[^.\n]{0,90}\b(?:conversation|chat|search|retrieval)\b/i],
  [
    "summary",
    /\bsummar(?:y|i[sz]e|i[sz]ing|i[sz]ation)\b[^.\n]{0,90}\b(?:conversation|chat|discussion|checkpoint|turns)\b/i,
  ],
]

/** Says that the answer is to be nothing but the product. */
const onlyThat =
  /\b(?:output|return|respond|reply|answer|response|produce)\w*\b[^.\n]{0,60}\b(?:only|solely|just|exactly|exclusively)\b|\bonly\b[^.\n]{0,20}\b(?:output|return|respond|reply|answer)|\bnothing else\b|\bwithout any (?:lead-in|introduct|additional|extra)/i

/** Bounds the product: `5 words or less`, `four to five word title`, `max 40 characters`. */
const shortness = /\b(?:\d+|three|four|five|six)[- ]?(?:word|character)s?\b/i

/** A sentence or two: what is asked for stands there, and rules and samples behind it. */
const headLength = 300
/** Instructions that ask for one thing only are short; an assistant's own, which may mention all of this, are not. */
const maxInstructions = 6000

/**
 * Whether a request is one that a program makes beside a conversation, for its own use: a title, tags, follow-ups, search
 * queries, a commit message, a summary, a choice of functions. Told by its shape, since wordings change with each release: it
 * stands alone, it brings along what it is about, and it asks for one small text about that. Null: somebody asks the agent.
 */
export function readSideRequest(request: AskedBeside): SideRequest | null {
  const { tools, functionChoice } = request.functions
  const memory = memoryAgent(request)
  if (memory !== null) return memory
  const asked = takeApart(request)
  if (asked === null) return null
  // A front end that wants its answer as a function call demands the call.
  if (tools.length > 0 && !functionChoice.isRequired) return null
  const found = asked.hasAnswers ? null : (templateOf(asked) ?? knownBy(asked))
  if (found !== null) return found
  return request.mayBeGuessed ? guess(asked) : null
}

function takeApart(request: AskedBeside): Asked | null {
  const texts: string[] = []
  let hasAnswers = false
  for (const item of request.input) {
    if (item.type !== "message") return null
    const text = item.content.map((part) => (part.type === "text" ? part.text : null))
    if (text.includes(null) || text.length > 1) return null
    const plain = (text[0] ?? "").replaceAll("\r\n", "\n").trim()
    if (item.role === "assistant") hasAnswers = true
    else if (item.role === "user") texts.push(plain)
  }
  const last = texts.at(-1)
  const newest = request.input.at(-1)
  if (last === undefined || newest?.type !== "message" || newest.role !== "user") return null
  return {
    system: systemOf(request),
    texts,
    last,
    hasAnswers,
    isFromProgram: !request.isStreamed || request.maxTokens !== null || request.hasOutputForm,
    maxTokens: request.maxTokens,
  }
}

/** Open WebUI's templates, in whichever words and language: headings, the chat between its tags at the end, a form in JSON. */
function templateOf({ last, texts }: Asked): SideRequest | null {
  if (texts.length > 1 || !last.startsWith("#")) return null
  const quoted = quotedHistory(last)
  if (quoted === null || !/^#{1,6} \S/.test(quoted.before)) return null
  // Behind the chat there is nothing but what is to be completed, in tags, and a heading for the answer.
  const isWhole = quoted.after === "" || /^<[\s\S]*>\s*#{1,6} [^\n]*$/.test(quoted.after)
  if (!isWhole) return null
  const isForm = /\{\s*\\?"\w+\\?":/.test(quoted.before)
  return { certainty: isForm ? "certain" : "likely", sign: "a template about a chat" }
}

/** One that asks for a product, and for nothing else, of what it brings along. */
function knownBy(asked: Asked): SideRequest | null {
  const { system, texts, last } = asked
  if (texts.length === 1 && isFunctionChoice(system, last)) return certain("a choice of functions")
  const head = system.slice(0, headLength)
  if (/\bcommit messages?\b/i.test(head) && texts.length === 1 && quotedDiff(last) !== null)
    return certain("a commit message")
  if (isEmoji(asked) || isMerge(asked)) return certain("a task of a chat program")
  if (system.length > maxInstructions) return null
  const bySystem = productOf(head)
  if (bySystem !== null) {
    const isAboutQuoted = texts.length === 1 && quotedConversation(last) !== null
    const isGenerator =
      onlyThat.test(system) && isOrderOrRole(system) && productOf(firstSentence(head)) !== null
    if (isAboutQuoted || isGenerator) return certain(bySystem)
  }
  const quoted = texts.length === 1 ? quotedConversation(last) : null
  if (quoted === null) return null
  const order = quoted.before
  const product = productOf(order.slice(0, headLength))
  const isShort = order.length <= maxInstructions && (onlyThat.test(order) || shortness.test(order))
  if (product === null || !isShort) return null
  return { certainty: asked.isFromProgram ? "certain" : "likely", sign: product }
}

/** What may well be one; somebody who asks so himself gets his answer, for which nothing has to be done. */
function guess({ system, texts, last, hasAnswers, maxTokens }: Asked): SideRequest | null {
  const product = productOf(last.slice(0, headLength))
  if (hasAnswers) {
    // NextChat and others ask at the end of the conversation itself.
    const isWhole = last.length <= 600 && product !== null && (onlyThat.test(last) || isRecap(last))
    return isWhole ? { certainty: "likely", sign: `${product} of the chat before` } : null
  }
  if (product !== null && texts.length === 1 && quotedConversation(last) !== null)
    return { certainty: "likely", sign: product }
  // A verdict or a few words in a given form, of what a program has found.
  const isVerdict = maxTokens !== null && maxTokens <= 200 && system !== "" && onlyThat.test(system)
  return isVerdict ? { certainty: "likely", sign: "a short answer in a given form" } : null
}

/**
 * An agent of the program's own looks through a conversation for what is to be remembered, with functions that write: qwen's has
 * instructions that say so, hermes-agent's those of the chat, and an order behind it. The chat may hold anything, calls and
 * pictures, too.
 */
function memoryAgent(request: AskedBeside): SideRequest | null {
  const newest = request.input.at(-1)
  if (newest?.type !== "message" || newest.role !== "user") return null
  const isByInstructions =
    /^You are (?:now )?(?:acting as )?[^.\n]{0,60}\bmemory\b[^.\n]{0,40}\b(?:sub)?agent\b/i.test(
      systemOf(request),
    )
  const order = textOf(newest)
  const isByOrder =
    /^Review the (?:conversation|chat|session) above\b/i.test(order) &&
    /\bonly (?:call|use) memory\b[^.\n]{0,40}\btools\b/i.test(order) &&
    request.functions.tools.length > 0
  return isByInstructions || isByOrder ? certain("memory extraction") : null
}

function systemOf({ instructions, input }: AskedBeside): string {
  const messages = input.flatMap((item) =>
    item.type === "message" && item.role !== "user" && item.role !== "assistant" ? [textOf(item)] : [],
  )
  return [instructions ?? "", ...messages].join("\n\n").trim()
}

/** Without what is no text. */
function textOf({ content }: Extract<ClientItem, { type: "message" }>): string {
  const text = content.flatMap((part) => (part.type === "text" ? [part.text] : []))
  return text.join("").replaceAll("\r\n", "\n").trim()
}

/** Open WebUI with function calling `legacy`: a list of tools, and the message with `Query: ` in front. */
function isFunctionChoice(system: string, last: string): boolean {
  const hasList = /\btools?\b/i.test(system.slice(0, headLength)) && /\[\s*\{/.test(system.slice(0, 2000))
  return hasList && /\bjson\b/i.test(system) && onlyThat.test(system) && /(?:^|\n)Query: ?/.test(last)
}

function isEmoji({ system, texts, last }: Asked): boolean {
  const isAlone = system === "" && texts.length === 1
  return (
    isAlone && /^[^.\n]*\bemoji\b/i.test(last) && /\n\nMessage: (?:"""|```)[\s\S]*(?:"""|```)$/.test(last)
  )
}

/** Open WebUI joins the answers of several models. */
function isMerge({ system, texts, last }: Asked): boolean {
  const isAlone = system === "" && texts.length === 1
  return (
    isAlone &&
    /^[^\n]*\bresponses from various models\b/i.test(last) &&
    last.includes("\n\nResponses from models: ")
  )
}

/** `Generate …`, `You are a title generator`: not an assistant that knows many things. */
function isOrderOrRole(system: string): boolean {
  return /^\W*(?:\w+ly )?(?:generate|create|write|provide|suggest|predict|summari[sz]e|name|you (?:will )?(?:are|generate|rewrite|name)\b)/i.test(
    system,
  )
}

function firstSentence(text: string): string {
  return /^[^.\n]*/.exec(text)?.[0] ?? ""
}

function isRecap(text: string): boolean {
  return /\b(?:as|for) (?:a )?(?:prompt|context|future)\b/i.test(text)
}

function productOf(head: string): string | null {
  return products.find(([, pattern]) => pattern.test(head))?.[0] ?? null
}

function certain(sign: string): SideRequest {
  return { certainty: "certain", sign }
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

/** The side request that a value of `X-OpenWebUI-Task` names; null where it is no task of Open WebUI. */
export function sideRequestOfTask(header: string | undefined): SideRequest | null {
  const task = header?.trim().toLowerCase() ?? ""
  return tasks.has(task) ? certain(task) : null
}
