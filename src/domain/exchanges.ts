import { hash } from "node:crypto"
import { type ContentPart, type FunctionCallItem, type Item, isAnswer, textOf } from "./items.ts"
import { argumentsText, saidText, saidTexts } from "./said-text.ts"

/**
 * A conversation as it is recognised: what its client brought, and after it one thing that the
 * agent said (an answer, however many messages it came in) or asked for (one call). Commentary,
 * reasoning and the agent's own tools are no part of it, for clients may send them back or not.
 */
export interface Exchange {
  /** Marks, oldest first: `u…` a user's message, `d…` a developer's, `o…` output of a call. */
  readonly brought: readonly string[]
  /**
   * Marks of what the agent said, by any of which it is recognised; the first is its own. None:
   * nothing, in a turn that was stopped or failed.
   */
  readonly said: readonly string[]
  /** True for an answer so short that other conversations may well have the same. */
  readonly isShort: boolean
  /** Where the next exchange begins among the items. */
  readonly end: number
}

/** Marks of everything before a point of a conversation, as its client has it. */
export interface Chain {
  /** With what nothing was said to yet standing behind it as it is. Null: nothing was. */
  readonly all: string | null
  /** Of what the agent said. */
  readonly said: string | null
}

export const noChain: Chain = { all: null, said: null }

/** All by which the ledger finds a turn again when its client sends the conversation. */
export interface TurnMarks {
  /** The conversation up to and including the turn, as its client has it. */
  readonly chain: Chain
  /** What was brought and said in the turn, in the form of `writeExchanges`. */
  readonly exchanges: string
  /** For `Store.findTurnsByKey`. */
  readonly keys: readonly string[]
  /** The turn whose calls it brought the outputs of; null: it brought none. */
  readonly loop: LoopEnd | null
}

/** A turn with what the calls of the one before it have given. */
export interface LoopEnd {
  readonly before: string
  /** It ended with words, and not with further calls; it was not stopped and did not fail. */
  readonly isOver: boolean
}

/** Characters below which an answer is short. */
const shortLength = 24

/** Ids of calls as this service gives them out: some clients tell of their calls in words. */
const ownCallId = /call_[0-9a-f]{32}/g

/**
 * Oldest first; only the last one may have said nothing. `stopTexts`: of the request that the items
 * come with; `ownStopTexts`: of the one that they answer, whose client may put one back behind.
 */
export function exchangesOf(
  items: readonly Item[],
  stopTexts: readonly string[] = [],
  ownStopTexts: readonly string[] = [],
): readonly Exchange[] {
  const exchanges: Exchange[] = []
  let brought: string[] = []
  let messages: SaidMessages = { said: [], shown: [] }
  let calls: FunctionCallItem[] = []
  const endStatement = (end: number) => {
    const said =
      calls.length > 0
        ? callMarks(calls, messages)
        : [answerMarks(messages, stopTexts, ownStopTexts)].filter(isSomething)
    for (const { marks, isShort } of said) {
      exchanges.push({ brought, said: marks, isShort, end })
      brought = []
    }
    messages = { said: [], shown: [] }
    calls = []
  }
  for (const [index, item] of items.entries()) {
    const broughtMark = broughtMarkOf(item)
    if (broughtMark !== null) {
      endStatement(index)
      brought.push(broughtMark)
    } else if (isAnswer(item)) {
      messages.shown.push(textOf(item.content))
      if (item.isWithdrawn !== true) messages.said.push(textOf(item.content))
    } else if (item.type === "function_call") calls.push(item)
  }
  endStatement(items.length)
  if (brought.length > 0) exchanges.push({ brought, said: [], isShort: false, end: items.length })
  return exchanges
}

/** `shown`: with what was withdrawn, which the reader of a stream has as well. */
interface SaidMessages {
  readonly said: string[]
  readonly shown: string[]
}

interface Said {
  readonly marks: readonly string[]
  readonly isShort: boolean
}

function isSomething({ marks }: Said): boolean {
  return marks.length > 0
}

function answerMarks(
  { said: messages, shown }: SaidMessages,
  stopTexts: readonly string[],
  ownStopTexts: readonly string[],
): Said {
  const [whole = "", ...otherwise] = saidTexts(messages)
  if (whole === "") return { marks: [], isShort: true }
  const isShort = whole.length < shortLength
  const isOneText =
    shown.length === 1 && messages.length === 1 && stopTexts.length + ownStopTexts.length === 0
  // As most are: a conversation has thousands of them.
  if (isOneText && !whole.startsWith("{") && !messages.some((message) => message.includes("call_"))) {
    return { marks: [textMark(whole)], isShort }
  }
  const cut = stopTexts.length === 0 ? whole : saidText(messages, stopTexts)
  const [only, ...others] = messages.filter((message) => message.trim() !== "")
  const args = only === undefined || others.length > 0 ? null : argumentsText(only)
  const ended = ownStopTexts
    .flatMap((stop) => [`${whole}${stop}`, `${whole}\n${stop}`])
    .map((text) => saidText([text]))
  // A text that broke off may end in a blank, which a client keeps in the middle of what it has.
  const streamed = shown.length > messages.length ? [...saidTexts(shown), saidText([shown.join("\n\n")])] : []
  const texts = new Set([cut, whole, ...otherwise, ...streamed, ...ended].filter((text) => text !== ""))
  const marks = [
    ...[...texts].map(textMark),
    ...(args === null ? [] : [mark("a", args)]),
    ...messages.flatMap(callIdsIn).map(callMark),
  ]
  return { marks, isShort }
}

function callIdsIn(message: string): readonly string[] {
  return message.includes("call_") ? (message.match(ownCallId) ?? []) : []
}

/** A call for each: some clients send them one by one. What was said beside them is not needed. */
function callMarks(calls: readonly FunctionCallItem[], messages: SaidMessages): readonly Said[] {
  const beside = [...new Set([saidText(messages.said), saidText(messages.shown)])].filter(
    (text) => text !== "",
  )
  return calls.map((call, index) => {
    const args = calls.length === 1 ? argumentsText(call.arguments) : null
    const marks = [
      callMark(call.callId),
      ...(args === null ? [] : [mark("a", args)]),
      ...(index < calls.length - 1 ? [] : beside.map(textMark)),
    ]
    return { marks, isShort: false }
  })
}

function textMark(text: string): string {
  return mark("s", text)
}

function callMark(callId: string): string {
  return mark("c", callId)
}

/** True for a call, by its id; else the agent said something. */
export function isCall({ said }: Pick<Exchange, "said">): boolean {
  return said[0]?.startsWith("c") === true
}

/** Null: it is not for a client to bring. */
export function broughtMarkOf(item: Item): string | null {
  if (item.type === "function_call_output") return mark("o", item.callId)
  if (item.type !== "message" || item.role === "assistant") return null
  return mark(item.role === "user" ? "u" : "d", broughtText(item.content))
}

/** Of a user's message of this text. */
export function userMark(text: string): string {
  return mark("u", text.replaceAll("\r\n", "\n").trim())
}

/** Clients trim texts and change line ends when they store them. */
function broughtText(content: readonly ContentPart[]): string {
  return content.map(visiblePart).join("\n").replaceAll("\r\n", "\n").trim()
}

function visiblePart(part: ContentPart): string {
  // A file may be saved elsewhere, or be gone, when the client sends the same again.
  if (part.origin !== undefined) return `[${part.origin.key}]`
  return part.type === "text" ? part.text : `[image ${part.url}]`
}

/** 96 bits are enough to tell the texts of one caller apart; a ledger has one for each message. */
function mark(kind: string, text: string): string {
  return kind + hash("sha256", text, "base64url").slice(0, 16)
}

/** The chain behind these exchanges. */
export function chainAfter(before: Chain, exchanges: readonly Exchange[]): Chain {
  return chainsAfter(before, exchanges).at(-1) ?? before
}

/** The chain behind each of these exchanges. */
export function chainsAfter(before: Chain, exchanges: readonly Exchange[]): readonly Chain[] {
  let { all, said } = before
  return exchanges.map((exchange) => {
    if (exchange.brought.length > 0) all = `${all ?? ""} ${exchange.brought.join(" ")}`
    const [own] = exchange.said
    if (own !== undefined) {
      all = link(all, own)
      said = link(said, own)
    }
    return { all, said }
  })
}

function link(before: string | null, one: string): string {
  return hash("sha256", `${before ?? ""}\n${one}`, "base64url").slice(0, 22)
}

/** One text, of some 20 characters for each message. */
export function writeExchanges(exchanges: readonly Exchange[]): string {
  return exchanges
    .flatMap(({ brought, said, isShort }) => [
      ...brought,
      ...(said.length === 0 ? [] : [(isShort ? "~" : "=") + said.join("/")]),
    ])
    .join(" ")
}

/** As `writeExchanges` wrote it; where they end among the items is not known any more (0). */
export function readExchanges(text: string): readonly Exchange[] {
  const exchanges: Exchange[] = []
  let brought: string[] = []
  for (const word of text === "" ? [] : text.split(" ")) {
    if (word.startsWith("=") || word.startsWith("~")) {
      exchanges.push({ brought, said: word.slice(1).split("/"), isShort: word.startsWith("~"), end: 0 })
      brought = []
    } else brought.push(word)
  }
  if (brought.length > 0) exchanges.push({ brought, said: [], isShort: false, end: 0 })
  return exchanges
}
