import {
  type Chain,
  chainAfter,
  chainsAfter,
  type Exchange,
  exchangesOf,
  isCall,
  noChain,
  writeExchanges,
} from "../../domain/exchanges.ts"
import { type Item, isAnswer, textOf } from "../../domain/items.ts"
import type { TurnRequest } from "../../domain/turn-request.ts"
import { saidMarks } from "./fit.ts"
import type { Continuation } from "./plan.ts"
import { isAdded, splitInput } from "./request-items.ts"
import type { Run } from "./split-runs.ts"

/** What a client brought behind a place, up to the next thing that the agent said. */
export interface Asked {
  readonly marks: readonly string[]
  readonly items: readonly Item[]
  /** Where each stands in the conversation. */
  readonly indexes: readonly number[]
  /** What stands behind them; null: nothing. */
  readonly answer: { readonly text: string; readonly end: number } | null
}

/** So many runs of messages are looked at for one of our answers: each costs some hashes. */
const maxRuns = 32

/** The conversation as a request has it. It is read once: it may be of megabytes. */
export class SentConversation {
  /** Each with something that the agent said. */
  readonly said: readonly Exchange[]
  /** Behind each of these. */
  readonly chains: readonly Chain[]
  #marks: ReadonlySet<string> | null = null
  readonly #items: readonly Item[]
  readonly #stopTexts: readonly string[]
  readonly #exchanges: readonly Exchange[]
  /** Index of the first item behind the last thing that the agent said or did. */
  readonly #newFrom: number

  constructor({ input, answerLimits }: Pick<TurnRequest, "input" | "answerLimits">) {
    this.#items = input
    this.#stopTexts = answerLimits.stopTexts
    this.#exchanges = exchangesOf(input, answerLimits.stopTexts)
    this.said = this.#exchanges.filter(({ said }) => said.length > 0)
    this.chains = chainsAfter(noChain, this.said)
    this.#newFrom = splitInput(input).history.length
  }

  /** True: the agent's call, the output of a call, or whatever else has this mark, is there. */
  has(mark: string): boolean {
    this.#marks ??= new Set([...saidMarks(this.said), ...this.#exchanges.flatMap(({ brought }) => brought)])
    return this.#marks.has(mark)
  }

  /** Of `said`: the newest of those of several messages. */
  runs(): readonly Run[] {
    const runs = this.said.flatMap((exchange, index) => {
      const start = this.said[index - 1]?.end ?? 0
      const places = isCall(exchange) ? [] : this.#answersIn(start, exchange.end)
      const part = (from: number, to: number) => {
        const end = places[to] ?? exchange.end
        const items = this.#items.slice(from === 0 ? start : places[from], end)
        const [found] = exchangesOf(items, this.#stopTexts)
        return found === undefined || found.said.length === 0 ? null : { ...found, end }
      }
      return places.length < 2 ? [] : [{ index, length: places.length, part }]
    })
    return runs.slice(-maxRuns)
  }

  #answersIn(start: number, end: number): readonly number[] {
    const places: number[] = []
    for (let index = start; index < end; index += 1) {
      const item = this.#items[index]
      if (item !== undefined && isAnswer(item)) places.push(index)
    }
    return places
  }

  /** What the client's messages say among these items. */
  messagesBetween(start: number, end: number): string {
    return this.#items
      .slice(start, end)
      .flatMap((item) => (item.type === "message" && isAdded(item) ? [textOf(item.content)] : []))
      .join("\n")
  }

  askedAfter(start: number): Asked {
    const [first] = this.#exchangesFrom(start)
    if (first === undefined) return { marks: [], items: [], indexes: [], answer: null }
    const answers: string[] = []
    const indexes: number[] = []
    for (let index = start; index < first.end; index += 1) {
      const item = this.#items[index]
      if (item === undefined) continue
      if (isAnswer(item)) answers.push(textOf(item.content))
      else if (isAdded(item)) indexes.push(index)
    }
    return {
      marks: first.brought,
      items: indexes.flatMap((index) => this.#items[index] ?? []),
      indexes,
      answer: first.said.length === 0 ? null : { text: answers.join("\n\n"), end: first.end },
    }
  }

  /**
   * How it goes on from there: what was said since is told, what came after that is asked.
   * `isRepeat`: outputs of calls were delivered before.
   */
  from(start: number, isRepeat = false): Continuation {
    const addedFrom = Math.max(start, this.#newFrom)
    const added = this.#items.slice(addedFrom).filter(isAdded)
    const told = this.#exchangesFrom(start).filter(({ said }) => said.length > 0)
    return {
      clientHistory: this.#items.slice(start, addedFrom),
      clientExchanges: writeExchanges(told),
      added: isRepeat ? added.filter(({ type }) => type === "message") : added,
      before: this.#chainTo(addedFrom),
      seenText: null,
    }
  }

  /** Without what was brought before `start`. */
  #exchangesFrom(start: number): readonly Exchange[] {
    const [first, ...rest] = this.#exchanges.filter(({ end }) => end > start)
    if (first === undefined) return []
    const before = this.#exchanges[this.#exchanges.indexOf(first) - 1]
    if (this.#answersIn(before?.end ?? 0, start).length > 0) {
      // Behind one message of several: the rest of them is something else.
      const left = exchangesOf(this.#items.slice(start, first.end), this.#stopTexts)
      return [...left.map((exchange) => ({ ...exchange, end: first.end })), ...rest]
    }
    return [{ ...first, brought: first.brought.slice(this.#broughtBefore(first, start)) }, ...rest]
  }

  #chainTo(end: number): Chain {
    const length = this.said.findLastIndex((exchange) => exchange.end <= end) + 1
    const before = this.chains[length - 1] ?? noChain
    const next = this.#exchanges[length]
    if (next === undefined) return before
    return chainAfter(before, [
      { ...next, brought: next.brought.slice(0, this.#broughtBefore(next, end)), said: [] },
    ])
  }

  #broughtBefore(exchange: Exchange, index: number): number {
    const before = this.#exchanges[this.#exchanges.indexOf(exchange) - 1]
    return this.#items.slice(before?.end ?? 0, index).filter(isAdded).length
  }
}
