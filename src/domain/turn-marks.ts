import { hash } from "node:crypto"
import {
  broughtMarkOf,
  type Chain,
  chainAfter,
  type Exchange,
  exchangesOf,
  isCall,
  type TurnMarks,
  userMark,
  writeExchanges,
} from "./exchanges.ts"
import { type Item, textOf } from "./items.ts"

/** Whose conversation it is: nothing is found across these. */
export interface Scope {
  readonly principal: string
  readonly agentId: string
}

/**
 * `all`: the whole conversation up to the turn's end; `said`: the same without what the client
 * brought; `exchange`: the newest user's message and what the agent said to it; `last`: what it
 * said last; `begin`: messages of a conversation whose first turn was stopped, failed, said nothing
 * or ended with a call, see `beginValues`.
 */
export type KeyKind = "all" | "said" | "exchange" | "last" | "begin"

/**
 * Makes the keys of a scope. They are told apart by a hash that is made once: a conversation that
 * comes back is looked up by thousands of them.
 */
export function lookupKeys({ principal, agentId }: Scope): (kind: KeyKind, value: string) => string {
  const scope = hash("sha256", `${agentId}\n${principal}`, "base64url").slice(0, 8)
  // The first letter is enough: no two kinds begin alike.
  return (kind, value) => `${kind.slice(0, 1)}${value} ${scope}`
}

/** Null: the client brought no user's message, or the agent said nothing. */
export function exchangeValue({ brought, said }: Exchange): string | null {
  const user = brought.findLast((mark) => mark.startsWith("u"))
  return user === undefined || said[0] === undefined ? null : `${user} ${said[0]}`
}

/**
 * By what a conversation is found whose first turn was stopped, failed or said nothing: its first
 * message, its user's last one, what stands in that behind a file's text. `items` has what was
 * brought.
 */
function beginValues(brought: readonly string[], items: readonly Item[]): readonly string[] {
  const last = brought.findLast((mark) => mark.startsWith("u"))
  const message = items.find((item) => broughtMarkOf(item) === last)
  const text = message?.type === "message" ? textOf(message.content).trim() : ""
  const end = text.slice(text.lastIndexOf("\n\n") + 1).trim()
  const found = [brought[0], last, end === text || end === "" ? undefined : userMark(end)]
  return [...new Set(found.filter((mark) => mark !== undefined))]
}

/** What was there before a turn's new items. */
export interface MarksBefore {
  /** As its client has it. */
  readonly before: Chain
  /** Of that, in the form of `writeExchanges`, what came with the turn as it was not held. */
  readonly clientExchanges: string
  readonly parentTurnId?: string | null
}

/**
 * `items`: what is new in the turn, and its output. `isCut`: it was stopped or failed. `stopTexts`:
 * of the request that it answers.
 */
export function turnMarks(
  scope: Scope,
  { before, clientExchanges, parentTurnId }: MarksBefore,
  items: readonly Item[],
  isCut: boolean,
  stopTexts: readonly string[] = [],
): TurnMarks {
  const exchanges = exchangesOf(items, [], stopTexts)
  const chain = chainAfter(before, exchanges)
  const keys: string[] = []
  const keyOf = lookupKeys(scope)
  const add = (kind: KeyKind, value: string | null | undefined) => {
    if (value !== null && value !== undefined) keys.push(keyOf(kind, value))
  }
  const last = exchanges.at(-1)
  const isSilent = last === undefined || last.said.length === 0
  if (!isSilent) {
    add("all", chain.all)
    add("said", chain.said)
    add("exchange", exchangeValue(last))
    for (const mark of last.said) add("last", mark)
  }
  if (before.all === null && (isSilent || isCut || isCall(last))) {
    for (const value of beginValues(exchanges[0]?.brought ?? [], items)) add("begin", value)
  }
  const written = writeExchanges(exchanges)
  const hasOutputs = exchanges[0]?.brought.some((mark) => mark.startsWith("o")) === true
  const isOver = !isSilent && !isCut && !isCall(last)
  return {
    chain,
    exchanges: clientExchanges === "" ? written : `${clientExchanges} ${written}`,
    keys,
    loop: hasOutputs && parentTurnId != null ? { before: parentTurnId, isOver } : null,
  }
}
