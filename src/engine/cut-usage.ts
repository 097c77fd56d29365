import { type Item, textOf } from "../domain/items.ts"
import { noUsage, type Usage } from "../domain/usage.ts"
import { charactersPerToken } from "./answer-limits.ts"

/**
 * Tokens of a turn that was cut: a model server tells those of a request at its end, which never came. So it is what the CLI told,
 * and at least what the texts are worth: what was asked as input, what the model wrote as output. Where the model has written
 * nothing, it is what the CLI told.
 */
export function usageOfCut(
  told: Usage | null,
  asked: readonly Item[],
  output: readonly Item[],
): Usage | null {
  const outputTokens = tokensOf(output, writtenBy)
  if (outputTokens === 0) return told
  const known = told ?? noUsage
  return {
    ...known,
    inputTokens: Math.max(known.inputTokens, tokensOf([...asked, ...output], readFrom)),
    outputTokens: Math.max(known.outputTokens, outputTokens),
  }
}

function tokensOf(items: readonly Item[], textsOf: (item: Item) => readonly string[]): number {
  const characters = items.flatMap(textsOf).reduce((sum, text) => sum + text.length, 0)
  return Math.ceil(characters / charactersPerToken)
}

/** What the model wrote of an item. */
function writtenBy(item: Item): readonly string[] {
  switch (item.type) {
    case "message":
      return item.role === "assistant" ? [textOf(item.content)] : []
    case "reasoning":
      return item.summary
    case "function_call":
    case "tool_call":
      return [item.arguments]
    case "command":
      return [item.command]
    case "file_change":
      return item.changes.map(({ diff }) => diff)
    case "web_search":
      return [item.query]
    case "function_call_output":
      return []
  }
}

/** What the model was given of an item, beside what it wrote itself. */
function readFrom(item: Item): readonly string[] {
  switch (item.type) {
    case "message":
      return item.role === "assistant" ? [] : [textOf(item.content)]
    case "function_call_output":
      return [textOf(item.output)]
    case "command":
      return [item.output]
    case "tool_call":
      return [item.output ?? item.error ?? ""]
    default:
      return []
  }
}
