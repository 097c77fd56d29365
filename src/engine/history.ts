import { createHash, type Hash } from "node:crypto"
import {
  type ContentPart,
  type FunctionCallOutputItem,
  type Item,
  type MessageItem,
  textOf,
} from "../domain/items.ts"
import { jsonPieces } from "../domain/json-pieces.ts"

/**
 * Resent history is recognised by a chain hash over what a client sees of a conversation: the users' messages, the
 * answers (without commentary, reasoning and the agent's own tools, which clients may or may not send back), and
 * function calls with their outputs. The hash after a turn is a function of the hash before it and the turn's items.
 */
export function historyHash(before: string | null, items: readonly Item[]): string | null {
  let hash = before
  for (const entry of visibleEntries(items)) {
    hash = updated(
      createHash("sha256")
        .update(hash ?? "")
        .update("\n"),
      entry,
    ).digest("hex")
  }
  return hash
}

/** With the JSON of `entry`, of which no copy is made where it is long. */
function updated(hash: Hash, entry: readonly string[]): Hash {
  for (const piece of jsonPieces(entry)) hash.update(piece)
  return hash
}

/** What a request adds to a conversation: messages, and answers to functions that the agent called. */
export type AddedItem = MessageItem | FunctionCallOutputItem

/** A request's input, cut where the new part begins: behind the last thing that the agent said or called. */
export function splitInput(input: readonly Item[]): {
  readonly history: readonly Item[]
  readonly added: readonly AddedItem[]
} {
  const start = input.findLastIndex((item) => !isAdded(item)) + 1
  return { history: input.slice(0, start), added: input.slice(start).filter(isAdded) }
}

function isAdded(item: Item): item is AddedItem {
  return item.type === "function_call_output" || (item.type === "message" && item.role !== "assistant")
}

function visibleEntries(items: readonly Item[]): (readonly string[])[] {
  const entries: (readonly string[])[] = []
  let answer: string[] = []
  const endAnswer = () => {
    // Clients keep several messages of one answer as one text, or apart; both must give the same hash.
    const text = normalized(answer.join("\n\n"))
    if (text !== "") entries.push(["assistant", text])
    answer = []
  }
  for (const item of items) {
    if (item.type === "message" && item.role === "assistant") {
      const text = textOf(item.content)
      if (item.phase !== "commentary" && text !== "") answer.push(text)
    } else if (item.type === "message") {
      endAnswer()
      entries.push([item.role, normalized(visibleText(item.content))])
    } else if (item.type === "function_call") {
      endAnswer()
      entries.push(["call", item.callId, item.name])
    } else if (item.type === "function_call_output") {
      endAnswer()
      entries.push(["output", item.callId, normalized(visibleText(item.output))])
    }
  }
  endAnswer()
  return entries
}

/** Front ends trim texts and change line ends when they store them. */
function normalized(text: string): string {
  return text.replaceAll("\r\n", "\n").trim()
}

function visibleText(content: readonly ContentPart[]): string {
  return content.map(visiblePart).join("\n")
}

function visiblePart(part: ContentPart): string {
  // A file may be saved elsewhere, or be gone, when the client sends the same again.
  if (part.origin !== undefined) return `[${part.origin.key}]`
  return part.type === "text" ? part.text : `[image ${part.url}]`
}
