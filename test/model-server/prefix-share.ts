import type { RecordedRequest } from "./wire.ts"

/** How much of one request to the model a provider's prompt cache could know. */
export interface PrefixShare {
  /** Of the request, serialised in the order of `serialized`. */
  readonly bytes: number
  /** From its beginning on the same as in an earlier request: the one with which it shares the most. */
  readonly sharedBytes: number
  /** `sharedBytes` of `bytes`; 0 for the first request. */
  readonly share: number
}

/** The share of each request, oldest first. A cache keeps all of them, so each is compared with all before it. */
export function prefixShares(requests: readonly Pick<RecordedRequest, "posted">[]): readonly PrefixShare[] {
  const earlier: Buffer[] = []
  return requests.map(({ posted }) => {
    const bytes = serialized(posted)
    const sharedBytes = Math.max(0, ...earlier.map((other) => sharedLength(other, bytes)))
    earlier.push(bytes)
    return { bytes: bytes.length, sharedBytes, share: sharedBytes / bytes.length }
  })
}

/**
 * Tools, system, messages: the order in which providers put a request together before they look for what they know of it. Without
 * the ids of messages, which are new in each thread of codex's and which no model is shown.
 */
function serialized(posted: RecordedRequest["posted"]): Buffer {
  const tools = posted.tools ?? []
  const system = posted.instructions ?? posted.system ?? posted.systemInstruction ?? ""
  const messages = posted.input ?? posted.messages ?? posted.contents ?? []
  return Buffer.from([tools, system, messages].map((part) => JSON.stringify(part, withoutIds)).join("\n"))
}

function withoutIds(key: string, value: unknown): unknown {
  return key === "id" ? undefined : value
}

function sharedLength(one: Buffer, other: Buffer): number {
  const limit = Math.min(one.length, other.length)
  let length = 0
  while (length < limit && one[length] === other[length]) length += 1
  return length
}
