import type { TurnInput } from "../../../domain/backend.ts"
import { ProxyError } from "../../../domain/errors.ts"

/** Of a program that has no way to be told this; it must not be left out in silence. */
export function unserved(what: "images" | "schema of its answer", who = "This agent's program"): ProxyError {
  return new ProxyError("invalid_request", `${who} takes no ${what}.`)
}

export function hasImages({ messages }: Pick<TurnInput, "messages">): boolean {
  return messages.some(({ content }) => content.some((part) => part.type === "image"))
}

interface DataUrl {
  /** In small letters. */
  readonly mediaType: string
  readonly base64: string
}

/** An image as clients send it. Throws `ProxyError`. */
export function imageData(url: string): DataUrl {
  const match = /^data:([^;,]+)(?:;[^;,]+)*;base64,/i.exec(url)
  if (match === null)
    throw new ProxyError("invalid_request", "An image must be given as a `data:` URL in base64.")
  return { mediaType: match[1]?.toLowerCase() ?? "", base64: url.slice(match[0].length) }
}
