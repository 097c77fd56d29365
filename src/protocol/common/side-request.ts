import type { ClientItem } from "../../domain/input-reference.ts"
import type { ClientRequest, SideRequest } from "../../domain/turn-request.ts"
import {
  asksForCommitMessage,
  asksForLittle,
  asksOnlyThat,
  headLength,
  isForLater,
  isLabel,
  isOrderBehindRole,
  isOrderForProduct,
  namesThisConversation,
  productOf,
  saysToAct,
} from "./side-request-words.ts"

/** What is looked at of a request, whichever endpoint it came by. */
type AskedBeside = Pick<
  ClientRequest,
  "instructions" | "input" | "tools" | "functionChoice" | "answerLimits" | "outputSchema"
>

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

/** Those for one thing are short; an assistant's, which may mention all of this, are not. */
const maxInstructions = 6000

/**
 * Whether a request is one that a program makes beside a conversation, for its own use: a title,
 * tags, follow-ups, search queries, a commit message, a summary, a choice of functions. Told by its
 * shape, since wordings change with each release: it stands alone, it asks for one small text, and
 * it brings along what that is about, without which it is never certain. Nothing is to be done
 * beside the answer. Null: somebody asks the agent. `mayBeGuessed` is false where the client means
 * to come back to the answer.
 */
export function readSideRequest(
  request: AskedBeside,
  isStreamed: boolean,
  mayBeGuessed: boolean,
): SideRequest | null {
  if (isMemoryAgent(request)) return certain("memory extraction")
  const asked = takeApart(request, isStreamed)
  if (asked === null) return null
  // A front end that wants its answer as a function call demands the call.
  if (request.tools.length > 0 && !request.functionChoice.isRequired) return null
  const found = asked.hasAnswers ? recapOf(asked) : (templateOf(asked) ?? knownBy(asked))
  return found?.certainty === "likely" && !mayBeGuessed ? null : found
}

function takeApart(request: AskedBeside, isStreamed: boolean): Asked | null {
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
  const { maxTokens } = request.answerLimits
  if (last === undefined || newest?.type !== "message" || newest.role !== "user") return null
  return {
    system: systemOf(request),
    texts,
    last,
    hasAnswers,
    isFromProgram: !isStreamed || maxTokens !== null || request.outputSchema !== null,
    maxTokens,
  }
}

/** Open WebUI's templates in any language: headings, the chat in tags at the end, a JSON form. */
function templateOf({ last, texts }: Asked): SideRequest | null {
  if (texts.length > 1 || !last.startsWith("#")) return null
  const quoted = quotedHistory(last)
  if (quoted === null || !/^#{1,6} \S/.test(quoted.before) || saysToAct(quoted.before)) return null
  // Behind the chat there is nothing but tags around what is to be completed, and a heading.
  const isWhole = quoted.after === "" || /^<[\s\S]*>\s*#{1,6} [^\n]*$/.test(quoted.after)
  if (!isWhole) return null
  return /\{\s*\\?"\w+\\?":/.test(quoted.before)
    ? certain("a template about a chat")
    : likely("a template about a chat")
}

/** One that asks for a product, and for nothing else, of what it brings along. */
function knownBy(asked: Asked): SideRequest | null {
  const { system, texts, last } = asked
  if (texts.length === 1 && isFunctionChoice(system, last)) return certain("a choice of functions")
  const commitMessage = commitMessageOf(asked)
  if (commitMessage !== null) return commitMessage
  if (isEmoji(asked) || isMerge(asked)) return certain("a task of a chat program")
  if (isVerdict(asked)) return likely("a verdict in one word")
  if (system.length > maxInstructions) return null
  return productOf(system) === null ? askedByText(asked) : askedBySystem(asked)
}

/** The instructions ask for it, and the user's text is what it is about. */
function askedBySystem({ system, texts, last }: Asked): SideRequest | null {
  const product = productOf(system)
  if (product === null || saysToAct(system.slice(0, headLength))) return null
  const isOrder = isOrderForProduct(system)
  if (texts.length > 1) {
    // opencode says what follows, and has the conversation in messages of its own.
    const [order = ""] = texts
    const isIntroduced = order.endsWith(":") && productOf(order) === product && !saysToAct(order)
    return isOrder && isIntroduced ? certain(product) : null
  }
  const before = beforeConversation(last)
  if (before === null) {
    // A title may be asked of the first message as it is.
    return isOrder && /\btitle\b/i.test(system) && asksOnlyThat(system) ? likely(product) : null
  }
  if (!isLabel(before) && (productOf(before) === null || saysToAct(before))) return null
  const isAlone =
    before === "" && isOrderBehindRole(system) && asksOnlyThat(system) && !saysToAct(lastWords(last))
  return isOrder || isAlone ? certain(product) : likely(product)
}

/** One text asks for it and has the conversation. */
function askedByText({ texts, last, isFromProgram }: Asked): SideRequest | null {
  const order = texts.length === 1 ? beforeConversation(last) : null
  const product = order === null ? null : productOf(order)
  if (order === null || product === null || saysToAct(order)) return null
  const isShort = order.length <= maxInstructions && asksForLittle(order)
  // Behind a conversation may be one of its answers or an order, which looks the same.
  return isShort && isFromProgram && !saysToAct(lastWords(last)) ? certain(product) : likely(product)
}

/**
 * NextChat and others ask at the end of the conversation itself; somebody who asks so gets an
 * answer, for which nothing has to be done.
 */
function recapOf({ last, isFromProgram }: Asked): SideRequest | null {
  const product = last.length <= 600 && namesThisConversation(last) ? productOf(last) : null
  if (product !== "title" && product !== "summary") return null
  const isWhole = (isFromProgram && asksOnlyThat(last)) || isForLater(last)
  return isWhole && !saysToAct(last) ? likely(`${product} of the chat before`) : null
}

/**
 * An agent of the program's own looks through the conversation that it was told for what is to be
 * remembered, with functions that write. qwen's instructions say that it takes the place of the
 * agent, and what it is to look at; hermes-agent's are those of the chat, and an order behind it.
 * The chat may hold anything, calls and pictures, too.
 */
function isMemoryAgent(request: AskedBeside): boolean {
  const newest = request.input.at(-1)
  if (newest?.type !== "message" || newest.role !== "user") return false
  const hasAnswers = request.input.some((item) => item.type === "message" && item.role === "assistant")
  const isByInstructions =
    /^You are now acting as [^.\n]{0,60}\bmemory\b[^.\n]{0,40}\bsubagent\b[^.\n]{0,60}\.\s+[^.\n]{0,80}\bconversation\b[^.\n]{0,40}\bin your context\b/i.test(
      systemOf(request),
    )
  const order = textOf(newest)
  const isByOrder =
    /^Review the (?:conversation|chat|session) above\b/i.test(order) &&
    /\bonly (?:call|use) memory\b[^.\n]{0,40}\btools\b/i.test(order) &&
    request.tools.length > 0
  return hasAnswers && (isByInstructions || isByOrder)
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

/** All that is there beside the instructions is the changes, and the chat that led to them. */
function commitMessageOf({ system, texts, last }: Asked): SideRequest | null {
  const certainty = texts.length === 1 ? asksForCommitMessage(system) : null
  const before = certainty === null ? null : beforeDiff(last)
  if (certainty === null || before === null) return null
  if (saysToAct(system.slice(0, headLength)) || saysToAct(lastWords(last))) return null
  const isAbout = isLabel(before) || (asksForCommitMessage(before) !== null && !saysToAct(before))
  return isAbout ? { certainty, sign: "a commit message" } : null
}

/** Open WebUI's function calling `legacy`: a list of tools, and `Query: ` before the message. */
function isFunctionChoice(system: string, last: string): boolean {
  const hasList = /\btools?\b/i.test(system.slice(0, headLength)) && /\[\s*\{/.test(system.slice(0, 2000))
  const isChoice = /\bchoos\w+\b[^.\n]{0,80}\btools?\b|\btools?\b[^.\n]{0,80}\bchoos\w+\b/i.test(system)
  return (
    hasList && isChoice && /\bjson\b/i.test(system) && asksOnlyThat(system) && /(?:^|\n)Query: ?/.test(last)
  )
}

function isEmoji({ system, texts, last }: Asked): boolean {
  const isAlone = system === "" && texts.length === 1
  const isOfMessage = /^(?=[^.\n]*\bemoji\b)[^.\n]*\b(?:expression|emotions?|mood)\b/i.test(last)
  return (
    isAlone && isOfMessage && /\n\nMessage: (?:"""|```)/.test(last) && /(?:"""|```)$/.test(last.slice(-3))
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

/** One word of few about what a program put between tags: `APPROVE, DENY, or ESCALATE`. */
function isVerdict({ system, texts, last, maxTokens }: Asked): boolean {
  const isOneWord = /\b(?:one|a single) word: [A-Z]+(?:, [A-Z]+)*,? or [A-Z]+\b/.test(system)
  const isShort = maxTokens !== null && maxTokens <= 200 && texts.length === 1
  const opened = isShort && isOneWord ? /<(\w+)>\n/.exec(last) : null
  return opened !== null && last.includes(`\n</${opened[1]}>`, opened.index)
}

function certain(sign: string): SideRequest {
  return { certainty: "certain", sign }
}

function likely(sign: string): SideRequest {
  return { certainty: "likely", sign }
}

/**
 * The tasks of Open WebUI (`TASKS` in its `constants.py`). Any other word is no task: front ends
 * leave placeholders in, write that there is none, or name a chat, which must not lose its thread.
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

/** By a value of `X-OpenWebUI-Task`; null: it is no task of Open WebUI. */
export function sideRequestOfTask(header: string | undefined): SideRequest | null {
  const task = header?.trim().toLowerCase() ?? ""
  return tasks.has(task) ? certain(task) : null
}

/** Marks of who spoke, at the start of a line: `User: `, `USER:`, `# USER`, `**Human**:`. */
const userMark = /^(?:[#*[ ]{0,4})(?:user|human)(?:[\]*]{0,3}:|[\]*]{0,3}[ \t]*$)/im
const agentMark = /^(?:[#*[ ]{0,4})(?:assistant|ai|model|bot)(?:[\]*]{0,3}:|[\]*]{0,3}[ \t]*$)/im

const diffMark = /^(?:diff --git |# Diffs?:|--- a\/|\+\+\+ b\/|@@ -\d)/m

const historyEnd = "</chat_history>"

/** Around the conversation, which Open WebUI's templates have between tags. */
function quotedHistory(text: string): { readonly before: string; readonly after: string } | null {
  const begin = text.lastIndexOf("<chat_history>")
  const end = text.lastIndexOf(historyEnd)
  if (begin < 0 || end < begin) return null
  return { before: text.slice(0, begin), after: text.slice(end + historyEnd.length).trim() }
}

/** In front of a conversation of two, told line by line with who spoke; null: there is none. */
function beforeConversation(text: string): string | null {
  const start = userMark.exec(text)
  if (start === null || !agentMark.test(text.slice(start.index))) return null
  return text.slice(0, start.index).trim()
}

/** In front of git's changes of files, and of a conversation before these; null: no changes. */
function beforeDiff(text: string): string | null {
  const start = diffMark.exec(text)
  if (start === null) return null
  const before = text.slice(0, start.index)
  return before.slice(0, userMark.exec(before)?.index).trim()
}

/** The last paragraph in words of its own: no line of a diff, nor marked with who speaks. */
function lastWords(text: string): string {
  const paragraph = text.slice(text.lastIndexOf("\n\n") + 2)
  return text.includes("\n\n") && /^[\p{L}]/u.test(paragraph) && !/^(?:\w+:|diff --git)/.test(paragraph)
    ? paragraph
    : ""
}
