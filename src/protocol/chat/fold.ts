import { isAnswer } from "../../domain/answer-text.ts"
import type { Item } from "../../domain/items.ts"
import { beginLine, endLine, isThought } from "./narration.ts"

/** What a chat client sees of a turn, piece by piece. */
export type ChatPiece =
  | { readonly field: "content" | "reasoning_content"; readonly text: string }
  | { readonly field: "call"; readonly index: number; readonly callId: string; readonly name: string }
  | { readonly field: "arguments"; readonly index: number; readonly text: string }

type Emit = (piece: ChatPiece) => void

/** Blocks of one field are separated by a blank line. */
const blankLine = "\n\n"

/**
 * Turns items into pieces, for streams and for whole answers alike, so that both say the same. Blocks (messages,
 * summary parts, activity lines) are separated by a blank line, which is written only before a text that follows.
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
      this.#write(
        "reasoning_content",
        item.type === "reasoning" ? `${outputIndex}/${partIndex}` : `${outputIndex}`,
        text,
      )
    }
  }

  /** The final text of a part: what no delta has brought, comes now (backends that do not stream). */
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
export function foldItems(items: readonly Item[], emit: Emit): ChatFold {
  const fold = new ChatFold(emit)
  for (const [outputIndex, item] of items.entries()) {
    fold.begin(outputIndex, item)
    for (const [partIndex, text] of textsOf(item).entries()) fold.complete(outputIndex, partIndex, text)
    fold.end(outputIndex, item)
  }
  return fold
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
