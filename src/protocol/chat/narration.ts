import { isAnswer } from "../../domain/answer-text.ts"
import type { Item } from "../../domain/items.ts"
import { editLines } from "../responses/agent-activity.ts"

/** Longest activity line, in characters. */
const maxLine = 200

/**
 * Chat completions know no items, so what an agent does on the way becomes lines of `reasoning_content`: what it began
 * (`$ npm test`), and how that ended where it is worth a word (`exit code 1`). Null: nothing to say.
 */
export function beginLine(item: Item): string | null {
  switch (item.type) {
    case "command":
      return line(`$ ${item.command}`)
    case "tool_call":
      return line(`called ${item.server}.${item.tool}`)
    default:
      return null
  }
}

export function endLine(item: Item): string | null {
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

/** True for items whose own texts are `reasoning_content`: reasoning, and what is said on the way. */
export function isThought(item: Item): boolean {
  return item.type === "reasoning" || (item.type === "message" && !isAnswer(item))
}

/** The first line of it, cut between characters and never inside one. */
function line(text: string): string {
  const first = (text.split("\n", 1)[0] ?? "").slice(0, 2 * maxLine + 2)
  const characters = Array.from(first)
  const isCut = characters.length > maxLine || text.includes("\n")
  return isCut ? `${characters.slice(0, maxLine).join("")}…` : first
}
