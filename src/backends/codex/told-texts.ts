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

/**
 * Puts back into the items of a turn what `withoutTold` left out, from what the client was shown in it. Where that was another
 * text than codex told at the end, it is the client's that the conversation goes on from; where it was none, the item is left out.
 */
export function withTold(items: readonly InjectedItem[], output: readonly Item[]): InjectedItem[] {
  const shown = output.map(textOf).filter((text) => text !== "")
  const byHash = new Map(
    shown.filter((text) => text.length >= minSharedChars).map((text) => [hashOf(text), text]),
  )
  const told = new Set(items.map((item) => toldHash(item) ?? partOf(item)?.text))
  const others = shown.filter((text) => !told.has(text) && !told.has(hashOf(text)))
  return items.flatMap((item) => {
    const hash = toldHash(item)
    if (hash === null) return [item]
    const text = byHash.get(hash) ?? others.shift()
    if (text === undefined) return []
    const { text_sha256: _, ...part } = partOf(item) ?? {}
    return [{ ...item, content: [{ ...part, text }] }]
  })
}

function toldHash(item: InjectedItem): string | null {
  const hash = partOf(item)?.text_sha256
  return typeof hash === "string" ? hash : null
}

function partOf(item: InjectedItem): InjectedItem | undefined {
  // Parts of a message are objects.
  return item.type === "message" && Array.isArray(item.content)
    ? (item.content as InjectedItem[])[0]
    : undefined
}

function textOf(item: Item): string {
  if (item.type !== "message") return ""
  return item.content.map((part) => (part.type === "text" ? part.text : "")).join("")
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64")
}
