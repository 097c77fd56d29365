import { createHash } from "node:crypto"
import type { Item } from "../../domain/items.ts"
import type { InjectedItem } from "./injected-items.ts"

/** Shorter texts are not worth a reference. */
const minSharedChars = 1024

/**
 * The agent's messages of one turn that were told as items, so that the raw item of each, which comes after it, need not be
 * kept with the whole text again: it refers to the text by its hash.
 */
export class ToldTexts {
  readonly #texts = new Map<string, string>()

  told(item: Item): void {
    const text = item.type === "message" ? textOf(item) : ""
    if (text.length >= minSharedChars) this.#texts.set(item.id, text)
  }

  /** The raw item without the text, if exactly that was told under its id. */
  withoutTold(raw: InjectedItem): InjectedItem {
    const text = typeof raw.id === "string" ? this.#texts.get(raw.id) : undefined
    if (text === undefined || raw.type !== "message" || !Array.isArray(raw.content)) return raw
    const [part, ...others] = raw.content as readonly InjectedItem[] // parts of a message are objects
    if (part?.text !== text || others.length > 0) return raw
    return { ...raw, content: [{ ...part, text: null, text_sha256: hashOf(text) }] }
  }
}

/** Puts back what `withoutTold` left out, from the items of the same turn; null: the client was never shown that text. */
export function withTold(raw: InjectedItem, output: readonly Item[]): InjectedItem | null {
  const [part] = raw.type === "message" && Array.isArray(raw.content) ? (raw.content as InjectedItem[]) : []
  const hash = part?.text_sha256
  if (part === undefined || typeof hash !== "string") return raw
  const text = output.map(textOf).find((each) => each.length >= minSharedChars && hashOf(each) === hash)
  if (text === undefined) return null
  const { text_sha256: _, ...rest } = part
  return { ...raw, content: [{ ...rest, text }] }
}

function textOf(item: Item): string {
  if (item.type !== "message") return ""
  return item.content.map((part) => (part.type === "text" ? part.text : "")).join("")
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64")
}
