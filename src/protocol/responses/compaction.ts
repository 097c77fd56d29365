import { newId } from "../../domain/ids.ts"
import type { ResponseRecord } from "../../domain/responses.ts"
import { seconds, type WireObject } from "../common/answer-parts.ts"
import { invalidRequest } from "../common/shape.ts"
import { toResponseUsage } from "./resource.ts"

/** What the agent is asked when a conversation is compacted. */
export const compactionPrompt =
  "Write a summary of the conversation above, for somebody who goes on with it and will see nothing of it but the user's " +
  "messages and your summary. Say what was decided and why, what was done and found (files, commands, results, numbers), " +
  "what is still open and what comes next. Only the summary: run nothing and change nothing."

/** Before the summary, so that the model knows what it reads. */
const introduction = "Summary of the conversation up to here:\n\n"

/**
 * Marks the content as ours, in a form that can change. It is not encrypted: it holds nothing but
 * what the agent said to this client, and whoever can send it back could as well send a message
 * with the same words.
 */
const mark = "aap1."

/**
 * `output` is valid input: the user's messages as they were, then the summary in place of all else.
 */
export function toCompaction(
  record: ResponseRecord,
  messages: readonly WireObject[],
  summary: string,
): WireObject {
  return {
    id: record.id,
    object: "response.compaction",
    created_at: seconds(record.createdAt),
    output: [
      ...messages,
      {
        id: newId("cmp_"),
        type: "compaction",
        encrypted_content: mark + Buffer.from(summary, "utf8").toString("base64url"),
      },
    ],
    usage: toResponseUsage(record),
  }
}

/** What the agent is told where another service's summary stood. */
export const lostSummary =
  "(A summary of the conversation before this stood here. Another service made it, in a form that only that service can read.)"

/** False: another service has made it, which alone can read it. */
export function isOwnCompaction(content: string): boolean {
  return content.startsWith(mark)
}

/**
 * The text that stands for a compacted conversation. What another service has compacted only that
 * service can read.
 */
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
