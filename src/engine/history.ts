import { createHash } from "node:crypto"
import type { ContentPart, Item, MessageItem } from "../domain/items.ts"

/**
 * Resent history is recognised by a chain hash over what a client sees of a conversation: the users' messages, the
 * answers (without commentary, reasoning and the agent's own tools, which clients may or may not send back), and
 * function calls with their outputs. The hash after a turn is a function of the hash before it and the turn's items.
 */
export function historyHash(before: string | null, items: readonly Item[]): string | null {
  let hash = before
  for (const entry of visibleEntries(items)) {
    hash = createHash("sha256")
      .update(hash ?? "")
      .update("\n")
      .update(entry)
      .digest("hex")
  }
  return hash
}

/** A request's input, cut where the new part begins: behind the last thing that an agent or a function said. */
export function splitInput(input: readonly Item[]): {
  readonly history: readonly Item[]
  readonly added: readonly MessageItem[]
} {
  let start = input.length
  while (start > 0) {
    const item = input[start - 1]
    if (item?.type !== "message" || item.role === "assistant") break
    start -= 1
  }
  return {
    history: input.slice(0, start),
    added: input.slice(start).filter((item) => item.type === "message"),
  }
}

function visibleEntries(items: readonly Item[]): string[] {
  const entries: string[] = []
  let answer: string[] = []
  const endAnswer = () => {
    // Clients keep several messages of one answer as one text, or apart; both must give the same hash.
    if (answer.length > 0) entries.push(JSON.stringify(["assistant", answer.join("\n\n")]))
    answer = []
  }
  for (const item of items) {
    if (item.type === "message" && item.role === "assistant") {
      const text = normalized(item.content)
      if (item.phase !== "commentary" && text !== "") answer.push(text)
    } else if (item.type === "message") {
      endAnswer()
      entries.push(JSON.stringify([item.role, normalized(item.content)]))
    } else if (item.type === "function_call") {
      endAnswer()
      entries.push(JSON.stringify(["call", item.callId, item.name]))
    } else if (item.type === "function_call_output") {
      endAnswer()
      entries.push(JSON.stringify(["output", item.callId, normalized(item.output)]))
    }
  }
  endAnswer()
  return entries
}

/** Front ends trim texts and change line ends when they store them. */
function normalized(content: readonly ContentPart[]): string {
  return content
    .map((part) => (part.type === "text" ? part.text.replaceAll("\r\n", "\n") : `[image ${part.url}]`))
    .join("\n")
    .trim()
}
