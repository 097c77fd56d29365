import { newId } from "../../domain/ids.ts"
import { invalidRequest, type WireObject } from "../common/shape.ts"

/** Before the summary, so that the model knows what it reads. */
const introduction = "Summary of the conversation up to here:\n\n"

/**
 * Marks the content as ours, in a form that can change. It is not encrypted: it holds nothing but
 * what the agent said to this client, and whoever sends it back could send the same words.
 */
const mark = "aap1."

export function toCompactionItem(summary: string): WireObject {
  const content = mark + Buffer.from(summary, "utf8").toString("base64url")
  return { id: newId("cmp_"), type: "compaction", encrypted_content: content }
}

/** What the agent is told where another service's summary stood. */
export const lostSummary =
  "(A summary of the conversation before this stood here. Another service made it, in a form that only that service can read.)"

/** False: another service has made it, which alone can read it. */
export function isOwnCompaction(content: string): boolean {
  return content.startsWith(mark)
}

/** What stands for the conversation. What another service has compacted it alone can read. */
export function readSummary(content: string, path: string): string {
  const encoded = content.startsWith(mark) ? content.slice(mark.length) : null
  if (encoded === null || !/^[\w-]+$/.test(encoded)) {
    throw invalidRequest(
      `${path}.encrypted_content`,
      `'${path}' was not compacted by this service, which cannot read it. Send the items that it stands for.`,
    )
  }
  return introduction + Buffer.from(encoded, "base64url").toString("utf8")
}
