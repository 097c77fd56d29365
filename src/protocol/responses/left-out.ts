import { isObject } from "../common/shape.ts"
import { isOwnCompaction } from "./compaction.ts"

type Wire = Readonly<Record<string, unknown>>

/** Of an item: what the agent is not told of it, by its path in the item; empty: the item itself. */
const leftOut: Readonly<
  Record<string, readonly { readonly path: string; readonly has: (item: Wire) => boolean }[]>
> = {
  additional_tools: [{ path: "", has: () => true }],
  agent_message: [{ path: "content", has: ({ content }) => hasPart(content, "encrypted_content") }],
  code_interpreter_call: [{ path: "outputs", has: ({ outputs }) => hasPart(outputs, "image") }],
  compaction: [
    {
      path: "encrypted_content",
      has: ({ encrypted_content: content }) => typeof content === "string" && !isOwnCompaction(content),
    },
  ],
  image_generation_call: [{ path: "result", has: ({ result }) => isThere(result) }],
  reasoning: [{ path: "encrypted_content", has: ({ encrypted_content: content }) => isThere(content) }],
  web_search_call: [
    { path: "action.sources", has: ({ action }) => isObject(action) && isThere(action.sources) },
    { path: "results", has: ({ results }) => isThere(results) },
  ],
}

/**
 * What of a history is not told to the agent, each once: `input.reasoning.encrypted_content`. It is what only the service that made
 * it can read, or what an agent cannot be shown; the item itself is told all the same. `field`: where the items stand.
 */
export function leftOutOf(items: unknown, field: string): readonly string[] {
  if (!Array.isArray(items)) return []
  const names = new Set<string>()
  for (const item of items) {
    if (!isObject(item) || typeof item.type !== "string" || !Object.hasOwn(leftOut, item.type)) continue
    for (const { path, has } of leftOut[item.type] ?? []) {
      if (has(item)) names.add([field, item.type, path].filter((part) => part !== "").join("."))
    }
  }
  return [...names]
}

function hasPart(parts: unknown, type: string): boolean {
  return Array.isArray(parts) && parts.some((part) => isObject(part) && part.type === type)
}

function isThere(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return false
  return !Array.isArray(value) || value.length > 0
}
