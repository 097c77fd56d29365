import { type Item, isAnswer } from "../../domain/items.ts"
import { editLines } from "../common/answer-parts.ts"

/** What a chat client sees of a turn, piece by piece. */
export type ChatPiece =
  | { readonly field: "content" | "reasoning_content"; readonly text: string }
  | { readonly field: "call"; readonly index: number; readonly callId: string; readonly name: string }
  | { readonly field: "arguments"; readonly index: number; readonly text: string }

type Emit = (piece: ChatPiece) => void

/** Blocks of one field are separated by a blank line. */
const blankLine = "\n\n"

/**
 * Turns items into pieces, for streams and for whole answers alike, so that both say the same.
 * Blocks (messages, summary parts, activity lines) are separated by a blank line, which is written
 * only before a text that follows.
 */
export class ChatFold {
  readonly #emit: Emit
  readonly #items = new Map<number, Item>()
  /** Characters that are out of each part of each open item. */
  readonly #written = new Map<number, number[]>()
  readonly #callIndexes = new Map<number, number>()
  #lastBlock = { content: "", reasoning_content: "" }

  constructor(emit: Emit) {
    this.#emit = emit
  }

  get hasCalls(): boolean {
    return this.#callIndexes.size > 0
  }

  begin(outputIndex: number, item: Item): void {
    this.#items.set(outputIndex, item)
    this.#written.set(outputIndex, [])
    if (item.type === "function_call") {
      const index = this.#callIndexes.size
      this.#callIndexes.set(outputIndex, index)
      this.#emit({ field: "call", index, callId: item.callId, name: item.name })
    }
    const text = beginLine(item)
    if (text !== null) this.#write("reasoning_content", `${outputIndex}/begin`, text)
  }

  delta(outputIndex: number, partIndex: number, text: string): void {
    if (text === "") return
    const item = this.#items.get(outputIndex)
    const written = this.#written.get(outputIndex)
    if (item === undefined || written === undefined) return
    written[partIndex] = (written[partIndex] ?? 0) + text.length
    const index = this.#callIndexes.get(outputIndex)
    if (index !== undefined) this.#emit({ field: "arguments", index, text })
    // Parts of a message belong together; each part of a summary is a thought of its own.
    else if (isAnswer(item)) this.#write("content", `${outputIndex}`, text)
    else if (isThought(item)) {
      const block = item.type === "reasoning" ? `${outputIndex}/${partIndex}` : `${outputIndex}`
      this.#write("reasoning_content", block, text)
    }
  }

  /** The final text of a part: what no delta has brought comes now. */
  complete(outputIndex: number, partIndex: number, text: string): void {
    const written = this.#written.get(outputIndex)?.[partIndex] ?? 0
    if (written < text.length) this.delta(outputIndex, partIndex, text.slice(written))
  }

  end(outputIndex: number, item: Item): void {
    const text = endLine(item)
    if (text !== null) this.#write("reasoning_content", `${outputIndex}/end`, text)
    this.#items.delete(outputIndex)
    this.#written.delete(outputIndex)
  }

  #write(field: "content" | "reasoning_content", block: string, text: string): void {
    const last = this.#lastBlock[field]
    this.#lastBlock[field] = block
    this.#emit({ field, text: last === "" || last === block ? text : blankLine + text })
  }
}

/** The same for items that are there already. */
export function foldItems(items: readonly Item[], emit: Emit): void {
  const fold = new ChatFold(emit)
  for (const [outputIndex, item] of items.entries()) {
    fold.begin(outputIndex, item)
    for (const [partIndex, text] of textsOf(item).entries()) fold.complete(outputIndex, partIndex, text)
    fold.end(outputIndex, item)
  }
}

function textsOf(item: Item): readonly string[] {
  switch (item.type) {
    case "message":
      return item.content.map((part) => (part.type === "text" ? part.text : ""))
    case "reasoning":
      return item.summary
    case "function_call":
      return [item.arguments]
    default:
      return []
  }
}

/** Longest activity line, in characters. */
const maxLine = 200

/**
 * Chat completions know no items, so what an agent does on the way becomes lines of
 * `reasoning_content`: what it began (`$ npm test`), and how that ended where it is worth a word
 * (`exit code 1`). Null: nothing to say.
 */
function beginLine(item: Item): string | null {
  switch (item.type) {
    case "command":
      return line(`$ ${item.command}`)
    case "tool_call":
      return line(`called ${item.server}.${item.tool}`)
    default:
      return null
  }
}

function endLine(item: Item): string | null {
  switch (item.type) {
    case "command":
      return item.exitCode === null || item.exitCode === 0 ? null : `exit code ${item.exitCode}`
    case "tool_call":
      return item.error === null ? null : line(`failed: ${item.error}`)
    case "file_change":
      return item.changes.length === 0 ? null : editLines(item)
    case "web_search":
      return item.query === "" ? null : line(`searched for ${item.query}`)
    default:
      return null
  }
}

/** Reasoning, and what is said on the way: their texts are `reasoning_content`. */
function isThought(item: Item): boolean {
  return item.type === "reasoning" || (item.type === "message" && !isAnswer(item))
}

/** The first line of it, cut between characters and never inside one. */
function line(text: string): string {
  const first = (text.split("\n", 1)[0] ?? "").slice(0, 2 * maxLine + 2)
  const characters = Array.from(first)
  const isCut = characters.length > maxLine || text.includes("\n")
  return isCut ? `${characters.slice(0, maxLine).join("")}…` : first
}
